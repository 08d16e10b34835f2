### English. Every message stands in every catalogue with the same variables.

## How this language writes lists, dates and instants (Babel's patterns)

list-separator = { ", " }
sentence-separator = { " " }
clause-separator = { ", " }
reason-separator = { "; " }
pattern-date = EEE d MMM y
pattern-instant = d MMM y, HH:mm

## What a commit does: one word for tags, and counted

kind-security = security
kind-fix = fix
kind-feature = feature
kind-performance = performance
kind-refactor = refactoring
kind-revert = revert
kind-dependencies = dependencies
kind-test = tests
kind-docs = docs
kind-build = build
kind-ci = CI
kind-style = style
kind-release = release
kind-merge = merge
kind-chore = chore

count-security = { $n ->
    [one] { $n } security change
   *[other] { $n } security changes
}
count-fix = { $n ->
    [one] { $n } fix
   *[other] { $n } fixes
}
count-feature = { $n ->
    [one] { $n } feature
   *[other] { $n } features
}
count-performance = { $n ->
    [one] { $n } performance change
   *[other] { $n } performance changes
}
count-refactor = { $n ->
    [one] { $n } refactoring
   *[other] { $n } refactorings
}
count-revert = { $n ->
    [one] { $n } revert
   *[other] { $n } reverts
}
count-dependencies = { $n ->
    [one] { $n } dependency update
   *[other] { $n } dependency updates
}
count-test = { $n ->
    [one] { $n } test change
   *[other] { $n } test changes
}
count-docs = { $n ->
    [one] { $n } documentation change
   *[other] { $n } documentation changes
}
count-build = { $n ->
    [one] { $n } build change
   *[other] { $n } build changes
}
count-ci = { $n ->
    [one] { $n } CI change
   *[other] { $n } CI changes
}
count-style = { $n ->
    [one] { $n } style change
   *[other] { $n } style changes
}
count-release = { $n ->
    [one] { $n } release
   *[other] { $n } releases
}
count-merge = { $n ->
    [one] { $n } merge
   *[other] { $n } merges
}
count-chore = { $n ->
    [one] { $n } chore
   *[other] { $n } chores
}
count-others = { $n ->
    [one] { $n } other
   *[other] { $n } others
}
count-breaking = { $n ->
    [one] { $n } breaking change
   *[other] { $n } breaking changes
}

tag-breaking = breaking
tag-secret = possible secret
tag-by-rules = by rules
tag-reverts = reverts { $number }
tag-reverted-by = reverted by { $number }
tag-follows = completes { $number }
tag-followed-by = completed by { $number }

## How important it is, and how bad

importance-high = high
importance-medium = medium
importance-low = low
badge-high = High importance
badge-medium = Medium importance
badge-low = Low importance
severity-high = High
severity-medium = Medium
severity-low = Low

## What files are for

role-source = source
role-test = test
role-docs = docs
role-build = build
role-ci = CI
role-config = configuration
role-lock = lock
role-generated = generated
role-vendored = vendored
role-asset = asset

## Why the rules hold a commit to be as important as they say

reason-security-fix = Fixes a security problem
reason-secret-committed = Seems to add a secret
reason-crash-fix = Fixes a crash
reason-data-loss-fix = Fixes a loss of data
reason-hang-fix = Fixes a hang or deadlock
reason-breaking-mark = The commit says that it breaks something
reason-public-removed = Removes names that others may use
reason-revert = Takes back an earlier commit
reason-major-dependency = Moves a dependency to another major version
reason-schema-change = Changes a schema or an interface definition
reason-large-change = A large change to source files
reason-fix = Fixes a bug
reason-feature = Adds a feature
reason-performance = Changes speed or memory use
reason-source-change = Changes source files
reason-dependency-change = Changes dependencies
reason-docs-only = Changes documentation alone
reason-tests-only = Changes tests alone
reason-ci-only = Changes CI alone
reason-generated-only = Changes generated files alone
reason-style-only = Changes formatting alone
reason-sensitive-change = Changes code where a mistake costs much
reason-interface-change = Changes what others build on
reason-new-check = Checks something before it goes on
reason-small-change = A small change
reason-no-files = Changes no file
reason-merge = Brings in commits that stand on their own
reason-release = Prepares or marks a release
reason-evidence = { $reason }: “{ $evidence }”
reason-clamped = The model proposed { $proposed }; the rules hold it at { $importance }.

## Why a commit is shown by the rules; each fits into "2 by rules (…)"

rules-reason-not-configured = no model is set up
rules-reason-not-needed = nothing in them for a model to read
rules-reason-daily-limit = the day's limit of tokens is reached
rules-reason-unreachable = the model could not be reached
rules-reason-timed-out = the model did not answer in time
rules-reason-server-error = the model's server reported an error
rules-reason-rate-limited = the model's server allowed no more requests
rules-reason-quota-exhausted = the model's quota is used up
rules-reason-unauthorized = the model's server did not accept the key
rules-reason-model-not-found = the server does not know the model
rules-reason-request-rejected = the model's server rejected the request
rules-reason-refused = the model refused to answer
rules-reason-cut-off = the model's answer was cut off
rules-reason-empty-reply = the model's answer was empty
rules-reason-invalid-reply = the model's answer could not be used
rules-reason-internal-error = an internal error; the log has it

## A digest

group-attention = Needs attention ({ $n })
group-component = { $name } ({ $n })
group-elsewhere = Elsewhere ({ $n })
group-alike = { $name } ({ $n } alike)
group-alike-unnamed = Alike ({ $n })
group-dependencies = Dependencies ({ $n })
group-bots = Bots ({ $n })
group-merges = Merges ({ $n })

commits = { $n ->
    [one] { $n } commit
   *[other] { $n } commits
}
people = { $n ->
    [one] { $n } person
   *[other] { $n } people
}
bots = { $n ->
    [one] { $n } bot
   *[other] { $n } bots
}
stats-by = { $commits } by { $authors }
stats-both = { $people } and { $bots }
stats-quiet = No commits
stats-none-shown = No commit shown
stats-since = since { $date }, { $time }

overview-components = Busiest: { $name } ({ $n } of { $commits } commits).
overview-components-two = Busiest: { $name } ({ $n } of { $commits } commits), then { $second } ({ $m }).
overview-kinds = In all: { $kinds }.
overview-attention = { $n ->
    [one] { $n } commit needs attention.
   *[other] { $n } commits need attention.
}
overview-attention-among = { $n ->
    [one] { $n } commit needs attention: { $kinds }.
   *[other] { $n } commits need attention, among them { $kinds }.
}
overview-calm = Nothing is of high importance.

complete = { $commits }: { $parts }
complete-analysed = { $n } analysed
complete-analysed-partly = { $n } analysed ({ $partly } in part)
complete-rules = { $n } by rules ({ $reasons })
complete-rules-alone = by rules alone ({ $reasons })
complete-quiet = A quiet time: no commit landed on { $branch }.
complete-to-come = { $mark } { $n ->
    [one] its analysis follows here once the model answers
   *[other] { $n } analyses follow here once the model answers
}
complete-left-out = { $n } more not shown: { $reasons }
quiet = { $title }: nothing new on { $branch }.
quiet-left-out = { $title }: { $completeness }
complete-none-shown = { $commits } on { $branch }, none of them shown: { $reasons }

left-out-bots = { $n } by bots
left-out-authors = { $n } by author
left-out-paths = { $n } by path
left-out-below-medium = { $n } below medium
left-out-below-high = { $n } below high
left-out-brought-in = { $n } brought in by merges
left-out-known = { $n } reported before the history was rewritten
left-out-too-many = { $n } older ones, too many for one digest

remark-rewritten = The history of { $branch } was rewritten: { $n ->
    [one] { $n } commit that was reported is
   *[other] { $n } commits that were reported are
} no longer on it.
remark-cursor-lost = The commit where the last digest of { $branch } ended is gone from the repository. Commits are chosen by their dates this once: one with an old date may be missing.
remark-branch-gone = { $branch } does not exist any more.

row-reverted = Reverted by { $by }: { $headline }
digest-shorter = Nothing is left here: the digest above has become shorter.

period = { $since } – { $until } ({ $zone })

## One commit, expanded

part-summary = What changed
part-scope = Scope
part-architecture = Architecture
part-performance = Performance
part-security = Security
part-risks = Risks
part-advice = Advice
part-facts = Facts
part-reasons = Why this importance

author-unknown = unknown author
files = { $n ->
    [one] { $n } file
   *[other] { $n } files
}
facts-secrets = Possible secret committed: { $places }
facts-secret-at = { $kind } in { $path }:{ $line }
facts-secret-in-message = { $kind } in the message
facts-files = Files: { $roles }
facts-role = { $n } { $role }
facts-symbols-added = Added: { $names }
facts-symbols-changed = Changed: { $names }
facts-symbols-removed = Removed: { $names }
facts-public-removed = Removed, and others may use it: { $names }
facts-dependencies = Dependencies: { $moves }
facts-dependency-new = { $name } { $after } (new)
facts-dependency-gone = { $name } { $before } (gone)
facts-breaking = Marked as breaking: { $marks }
facts-references = Refers to { $names }
facts-reverts = Reverts { $what }
facts-tests-missing = Behaviour in source files changed and no test did.
facts-more = { $n } more

small-read-whole = { $n ->
    [one] { $n } file read
   *[other] all { $n } files read
}
small-read-partly = { $read } of { $n } files read
small-read-in-part = in part: { $names }
small-not-read = not read: { $names }
small-only-counted = { $n } only counted (generated, lock files, binary)
small-withheld = { $n ->
        [one] one sentence left out because the commit does not bear it out
       *[other] { $n } sentences left out because the commit does not bear them out
    }
small-brief = main points only
small-files-omitted = the forge listed only a part of the files
small-analysed = analysed by { $analyzer }
small-analysed-at = analysed by { $analyzer }, { $instant }
small-by-rules = by rules: { $reason }

## The full report

report-overview = Overview
report-contents = Contents
report-commits = Commits
column-time = Time ({ $zone })
column-author = Author
column-commit = Commit
column-change = Change
column-importance = Importance
column-kind = Kind
label-commit-title = Commit title: { $title }
label-path = in { $path }

## HTML page

page-pattern-day = d MMM
page-chart = Commits over time
page-chart-lines = lines changed
page-chart-description = One dot a commit, in a row for each kind; the larger the dot, the more lines changed. { $kinds }. The list below names each commit.
page-filters = Filter the commits
page-search = Search
page-search-hint = Title, analysis, file, SHA …
page-author-all = Everyone
page-shown = Showing { $shown } of { $total }
page-reset = Reset
page-expand-all = Expand all
page-collapse-all = Collapse all
page-no-match = No commit matches these filters.
page-footer = Made by Commitcast, { $when }

## The shell

progress-commits = { $name }: { $done } of { $total } commits analysed
shell-written = Written: { $path }
shell-stopped = Stopped. Nothing was left half done; analyses that were finished are kept.
demo-next =
    Beside this: digest.html (open it in a browser) and digest.md.
    Try next:
    { "  " }{ $command } analyze { $commit }
    { "  " }{ $command } digest { $repository } --since 7d --output week.html
    { "  " }{ $command } digest { $repository } --date latest --lang zh
    A language model writes the analyses once OPENAI_API_KEY, or OPENAI_BASE_URL and OPENAI_MODEL, are set.

## Errors: what was asked for

error-zone = “{ $value }” is not a time zone. Give an IANA name such as UTC, Europe/Berlin or Asia/Shanghai.
error-language = “{ $value }” is not a language. Give en, zh, or another language's code or name.
error-date = “{ $value }” is not a date. Give 2026-01-06, today or yesterday, an age such as 24h or 7d, or an instant such as 2026-01-06T12:00; years from 1970 to 2099.
error-range = “{ $value }” is not a range. Give A..B, two names of commits, for example v1.0..main.
error-period = The period from { $since } to { $until } ends before it starts. Swap its limits.
error-span-options = Give one of --date, --since (with or without --until) and --range.
error-repository-name = “{ $value }” names no repository. Give owner/repo, a URL that git can clone, or a folder that exists.
error-commit-name = “{ $value }” names no commit. Give a commit's URL, REPO@SHA, or a SHA in the repository of this folder.
error-commits-missing = { $missing } of { $total } commits could not be read, so no digest was made. Try again; if it stays so, the repository is damaged: run git fsck.
error-output = { $path } cannot be written: { $reason }. Choose another place or mend its rights.
error-output-and-archive = Give --output or --archive, not both.
error-archive-needs-day = An archive holds days. Give --date, or leave the span out for the latest day.
error-range-branch = A range names its own ends: leave --branch out, or leave the second end of the range out.
error-html-takes-one = A page shows one repository. Give one, or use --archive.

## Errors: settings

error-setting-address = { $name } is “{ $value }”. Set it to an http:// or https:// address.
error-setting-redis-url = { $name } is “{ $value }”. Set it to a redis://, rediss:// or unix:// address, or leave it out to use the embedded server.
error-setting-folder = { $name } is “{ $value }”, which is no folder. Set it to a folder that can be written.
error-setting-language = { $name } is “{ $value }”. Set it to en, zh, or another language's code or name.
error-setting-timezone = { $name } is “{ $value }”. Set it to an IANA time zone such as UTC, Europe/Berlin or Asia/Shanghai.
error-setting-concurrency = { $name } is “{ $value }”. Set it to a whole number from 1 to 256.
error-setting-commit-tokens = { $name } is “{ $value }”. Set it to a whole number from 4000 to 1000000.
error-setting-analyses = { $name } is “{ $value }”. Set it to worth (the more important a commit, the more is asked of the model) or to full (everything is asked of every commit).
error-setting-daily-tokens = { $name } is “{ $value }”. Set it to a number of tokens from 1 up, or to nothing for no limit.
error-setting-prices = { $name } is “{ $value }”. Write a currency and, for each model, the prices of a million tokens sent, sent and kept by the server, and received: USD gpt-5-mini=0.25/0.025/2, other=1/0.1/4
error-setting-split = { $address } stands in the .env file of this folder, but { $secret } in the environment: a file that came with a repository could send your secret elsewhere. Set both in the same place.
error-env-file = The file .env in this folder cannot be read: { $reason }. Mend or remove it.

## Errors: Redis and the embedded server

error-store-no-server = There is no embedded server for this platform ({ $platform }). Set REDIS_URL to a Redis server.
error-store-folder = The data folder { $folder } cannot be used: { $reason }. Mend its rights, or set COMMITCAST_DATA to another folder.
error-store-locks = The data folder { $folder } is on a file system without file locks: { $reason }. Set COMMITCAST_DATA to a folder on a local disk, or REDIS_URL to a Redis server.
error-store-silent = The embedded server of { $folder } did not answer within { $seconds } seconds. If another machine uses this folder, set REDIS_URL to a server for both; if not, read redis/server.log in it and try again.
error-store-start = The embedded server did not start: { $reason }. The whole log is { $folder }/server.log. If its data are damaged, move { $folder } away; the next start begins with empty ones.
error-redis-url = REDIS_URL ({ $url }) is not a usable address. Write redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/to/socket, with / ? # @ : in a password percent-encoded.
error-redis-unreachable = The Redis server at { $url } cannot be reached: { $reason }. Check that it runs and that REDIS_URL is right.
error-redis-timeout = The Redis server at { $url } did not answer in time. Check that it runs, that REDIS_URL is right, and that no firewall is in between.
error-redis-login = The Redis server at { $url } refused the login. Check the user and the password in REDIS_URL, and the user's rights.
error-redis-tls = No secure connection to the Redis server at { $url }: { $reason }. Check its certificate; a server without TLS has a redis:// address.
error-redis-reply = The Redis server at { $url } reported an error: { $reason }. Mend it there, then try again.

## Errors: every source

error-revision-not-found = There is no commit “{ $name }” in the repository. Check the name; a SHA needs at least 4 digits.
error-branch-not-found = There is no branch “{ $name }” in the repository. Check the name, or leave it out for the default branch.
error-repository-empty = { $place } has no commit yet. Try again after the first push.

## Errors: git

error-git-missing = git cannot be started ({ $reason }). Install git 2.32 or later and put it on PATH.
error-git-old = { $found } is too old. Install git { $needed } or later.
error-git-failed = git could not read { $place }: { $reason }. If trying again does not help, run git fsck in a clone of it.
error-git-timeout = git did not finish with { $place } within { $seconds } seconds. Try again; a slow disk or connection may be the cause.
error-git-no-folder = There is no folder { $place }. Check the path.
error-git-no-repository = { $place } is in no git repository. Give the folder of a clone, a URL, or owner/repo.
error-git-permission = { $place } may not be read. Give the user who runs Commitcast the right to read it.
error-git-ownership = { $place } belongs to another user, so git does not trust it. If you do, run: git config --global --add safe.directory { $folder }
error-git-objects = Some contents of { $place } are missing. It may be a partial clone: complete it with git fetch --refetch, or give its URL instead of the folder.
error-git-url = The address { $place } cannot be cloned. Use https://, http://, ssh://, git:// or user@host:path.
error-git-not-found = There is no repository at { $place }, or it is hidden from you. Check the address; for a private one, set up git's credentials for its host.
error-git-access = The server refuses access to { $place }. Set up a credential helper or an SSH key for its host; git cannot ask for a password here.
error-git-host-key = The SSH host of { $place } is unknown, or its key has changed. Check the key, then connect once by hand: ssh -T git@HOST
error-git-certificate = No secure connection to { $place }: its certificate is not trusted. If it is your company's own, set http.sslCAInfo in git's configuration.
error-git-unreachable = The server of { $place } cannot be reached. Check the address and the network, then try again.
error-git-busy = The server of { $place } asks for fewer requests. Try again in some minutes.
error-git-disk = The disk is full: the mirror of { $place } could not be written. Free some space, then try again.
error-git-data = The data folder { $place } cannot be written: { $reason }. Mend its rights, or set COMMITCAST_DATA to another folder.
error-git-locked = Another process has been fetching { $place } for too long. Wait for it or end it, then try again.
error-revision-ambiguous = “{ $name }” is the beginning of more than one commit's SHA. Give more of its digits.
error-revision-no-commit = “{ $name }” is no commit. Give a commit, a branch or a tag of a commit.
notice-git-clone = Fetching { $place } for the first time; later runs fetch only what is new.
notice-git-fetch = Fetching what is new in { $place }

## Errors: GitHub

error-github-token = { $host } does not accept the token in GITHUB_TOKEN: it is mistyped, expired or revoked. Make a new one with the right “Contents: read”.
error-github-sso = The token in GITHUB_TOKEN is not authorised for the organisation of { $repository }. In the token's settings on { $host }, choose “Configure SSO” and authorise it.
error-github-forbidden = { $token ->
    [yes] The token in GITHUB_TOKEN may not read { $repository } on { $host }. Give it the right that is missing: { $permissions }.
   *[no] { $host } does not show { $repository } to everyone. Set GITHUB_TOKEN to a token with the right { $permissions }.
}
error-github-repository-not-found = { $token ->
    [yes] There is no repository { $repository } on { $host }, or the token in GITHUB_TOKEN may not see it. Check the name; if it is private, give the token access to it with “Contents: read”.
   *[no] There is no public repository { $repository } on { $host }. Check the name; if it is private, set GITHUB_TOKEN to a token that may read it.
}
error-github-legal = { $host } has blocked { $repository } for legal reasons, so it cannot be read. Its page on { $host } says more.
error-github-server = { $host } reports an error of its own (status { $status }). Try again in some minutes.
error-github-rejected = { $host } rejected the request: { $said } (status { $status }). Check that GITHUB_API_URL is the address of its API.
error-github-timeout = { $host } did not answer in time. Check the network, then try again.
error-github-tls = No secure connection to { $host }: { $said }. If its certificate is your company's own, set SSL_CERT_FILE to the file of the company's authority.
error-github-unreachable = { $host } cannot be reached: { $said }. Check the network, the proxy and GITHUB_API_URL, then try again.
error-github-not-json = { $host } answered with { $kind } where JSON was due. A proxy or a log-in page may be in between, or GITHUB_API_URL is wrong: for an Enterprise server it is https://HOST/api/v3.
error-github-unexpected = GitHub's answer cannot be understood: { $problem }. Try again; if it stays so, give the repository's address with .git at its end, and git reads it.
error-github-too-large = An answer of { $host } has more than { $megabytes } MB and was not read. Give the repository's address with .git at its end, and git reads it.
error-github-foreign-redirect = { $host } points to another host, { $foreign }. It was not followed, for the token must not leave { $host }. Check GITHUB_API_URL and where the repository has moved.
error-github-redirects = { $host } redirects in a circle. Check GITHUB_API_URL, then try again.
error-github-incomplete = { $host } listed only { $listed } of { $total } commits. Choose a shorter range, or give the repository's address with .git at its end, and git reads it.
error-github-rate-limit = GitHub's rate limit is used up until { $until } UTC, which is longer than Commitcast waits. { $token_helps ->
    [yes] Set GITHUB_TOKEN, which raises the limit from 60 to 5,000 requests an hour, or try again then.
   *[no] Try again then.
}
notice-github-rate-limit = GitHub's rate limit is reached; going on at { $until } UTC, in { $seconds } s.{ $token_helps ->
    [yes] { " " }A token in GITHUB_TOKEN raises it from 60 to 5,000 requests an hour.
   *[no] { "" }
}
notice-repository-renamed = { $before } is now called { $after }; use the new name from now on.

## Errors: settings of chats

error-setting-slack-bot-token = { $name } is “{ $value }”. Set it to the app's bot token, which starts with xoxb-.
error-setting-slack-app-token = { $name } is “{ $value }”. Set it to the app-level token, which starts with xapp-, or leave it out and set SLACK_SIGNING_SECRET.
error-setting-telegram-token = { $name } is “{ $value }”. Set it to the token that BotFather gave, such as 123456:ABC-DEF.
error-setting-public-url = { $name } is “{ $value }”. Set it to the https:// address under which the Internet reaches COMMITCAST_PORT.
error-setting-port = { $name } is “{ $value }”. Set it to a port from 1 to 65535, or to 0 for none.
error-setting-grants = { $name } is “{ $value }”. Write REPOSITORY=CHANNEL,CHANNEL and a ; between several, for example acme/*=slack:T012/C345; acme/secret=telegram:-100123.
error-not-granted = There is no public repository { $repository }. Check the name. If it is private, whoever runs this bot can let this channel read it: `COMMITCAST_PRIVATE_GRANTS="{ $repository }={ $channel }"`; on the configured GitHub host its owner can, too: `/grant { $repository } { $channel }`

## Errors: options

error-option-unknown = “{ $option }” is no option here.{ $nearest ->
    [none] { "" }
   *[other] { " " }Did you mean { $nearest }:?
} Options are written name:value; there are { $allowed }.
error-option-value = { $option }: cannot be “{ $value }”. { $option ->
    [branch] Give names or patterns of branches, for example branch:main,release/*.
    [path] Give paths or patterns of paths from the repository's root, for example path:src/**,*.py or -path:docs/.
    [author] Give names or addresses, * for any characters, or bots, for example author:"Ada Example" or -author:bots.
    [min] Give min:low, min:medium or min:high.
    [at] Give a time of day in 24 hours, for example at:09:00.
    [tz] Give an IANA time zone, for example tz:Europe/Berlin or tz:Asia/Shanghai.
    [days] Give days:daily, days:weekdays, days:weekends, or days such as days:mon,wed,fri or days:mon-thu.
    [history] Give history:all or history:first-parent.
    [quiet] Give quiet:skip or quiet:post.
   *[lang] Give lang:en, lang:zh, or another language's code or name.
}
error-option-many = { $option }: takes at most { $most } patterns. Use wider ones, with * in them.
error-option-exclude = -{ $option }: is not possible: only branches, paths and authors can be excluded. Leave the minus out.
error-option-twice = { $option }: stands twice. Give it once.

## Errors: Telegram

error-telegram-token = Telegram does not accept the token in TELEGRAM_BOT_TOKEN. Copy it again from @BotFather (/mybots, “API Token”). If TELEGRAM_API_URL is set, check that it is the address of a Bot API server.
error-telegram-unreachable = Telegram cannot be reached: { $said }. Check the network, the proxy and TELEGRAM_API_URL.
error-telegram-webhook = Telegram does not take { $url } as the address for its updates: { $said }. Check COMMITCAST_PUBLIC_URL: it needs https:// with a valid certificate and port 443, 80, 88 or 8443. Without it, the bot asks for updates itself.
error-telegram-outcome = Telegram did not say whether it took the request: { $said }. A message may have arrived, so it is not sent again. Look whether it is there; if not, give the command once more.
error-telegram-forbidden = Telegram does not let the bot write in this chat: { $said }. Unblock the bot, or add it to the chat again.
error-telegram-chat = The bot knows no such chat. Add it to the chat, or check the chat's number.
error-telegram-topic = The topic is closed or deleted. Open it again, or give the command in another topic.
error-telegram-rights = The bot lacks a right in this chat: { $said }. An administrator can give it the right to send messages and files; in a channel, the right to post messages.
error-telegram-members = Telegram does not tell the bot who is an administrator here. Make the bot an administrator of this chat, then try again.
error-telegram-busy = Telegram asks the bot to wait { $seconds } s before it sends more. Try again then.
error-telegram-rejected = Telegram refused a request: { $said }. Try again; if it stays so, tell those who run the bot.
error-telegram-moved = The group has become a supergroup, which is another chat: { $channel }. Nothing was sent.
error-telegram-history = Telegram does not show a bot what stands in a chat.

## Telegram

chat-telegram-button = This button no longer works. Ask for the digest again with /digest.

## Commands of chats

command-subscribe = follow a repository here
command-unsubscribe = follow it no longer
command-subscriptions = what is followed here, and when the next digest is due
command-digest = a digest now: of a day, of 24h or 7d, or of a range
command-expand = the full analysis of a commit, by its number or SHA
command-analyze = analyse any commit, comparison or pull request by its address
command-report = the full report of a day as a file
command-settings = this chat's language, time zone, time, days and least importance
command-usage = what was spent on models here
command-help = this list
help-title = Commands
help-options = Options
help-branch = `branch:main,release/*` — branches to follow; by default the repository's own
help-path = `path:src/** -path:docs/**` — only commits that touch these files, or do not
help-author = `author:ada -author:bots` — only these authors, or without them
help-min = `min:medium` — least importance: low, medium or high
help-at = `at:09:00` — time of the digest
help-tz = `tz:Asia/Shanghai` — its time zone
help-quiet = `quiet:post` — a line also on days without news; without it nothing is posted
help-history = `history:first-parent` — only what landed itself; what a merge brings in is counted
help-days = `days:weekdays` — daily, weekdays, weekends, or mon,wed,fri
help-lang = `lang:zh` — language of the digest and its analyses
help-more = A commit's address alone is analysed; a number alone expands that commit of the latest digest.

progress-repository = { $name }: looking it up
progress-commit = Analysing { $sha } …
report-sent = Full report: { $title }
hint-no-model = Written by rules alone. For a language model's analyses, whoever runs this bot sets OPENAI_API_KEY, or OPENAI_BASE_URL and OPENAI_MODEL.

subscribed = This channel now follows { $repository }
subscribed-when = A digest at { $time } ({ $zone }), { $days }; the first is due { $due }.
subscribed-what = On { $branches }, as { $options }
subscribed-before = It was already followed, as { $options }; that is replaced.
subscribed-now = Each tells all that is new since the one before; the first, all of the 24 hours before it and all from now on. { $command } shows the latest day at once.
stopped = The digests of { $repository } have stopped
stopped-how = Once that is mended, { $command } there starts them again from where they ended: nothing is lost.
unsubscribed = This channel follows { $repository } no longer.
subscriptions-none = Nothing is followed here yet. Start with { $command }
subscriptions-title = Followed here ({ $n })
subscription = { $repository } — { $when } — { $options }
due-at = due { $due }
due-late = was due { $due }, and is under way
due-posted = only when “commitcast post” is called
subscription-stopped = { $repository } — stopped since { $since }: { $reason } { $command } starts it again from where it ended
days-daily = every day
days-weekdays = on weekdays
days-weekends = on weekends
settings-title = Settings of this chat
settings-changed = Settings of this chat, changed
settings-how = Change them: { $command }. Repositories that are followed already keep their own until they are subscribed again.
settings-model = Model: { $model }
setting-lang = Language: { $value }
setting-tz = Time zone: { $value }
setting-at = Digest due: { $value }
setting-days = Days: { $value }
setting-min = Least importance: { $value }

## Errors: commands

error-command-unknown = { $nearest ->
    [none] There is no command “{ $command }”. { $help } lists them all.
   *[other] There is no command “{ $command }”. Did you mean { $nearest }? { $help } lists them all.
}
error-subscribe-what = Name one repository: { $command }
error-unsubscribe-what = Name the repository alone: { $command }
error-digest-what = Name at most one repository and one day, age or range: { $command }
error-expand-what = Give the number or the SHA of a commit: { $command }
error-analyze-what = Give one commit: its address, or owner/repo@SHA. { $command }
error-settings-what = Give options alone: { $command }
error-which-repository = Several repositories are followed here: { $repositories }. Name one: { $command }
error-no-repository = Nothing is followed here yet, so name a repository: { $command }
error-no-digest-here = No digest was posted here yet. Ask for one: { $command }
error-number-unknown = { $n ->
    [0] The latest digest here shows no commit.
   *[other] There is no number { $number } in that digest; it goes from 1 to { $n }.
}
error-sha-not-here = No commit “{ $sha }” was in a digest of this channel or is in a repository that it follows. Name its repository: { $command }
error-digest-gone = This digest is no longer kept, or belongs to another channel. A commit of it can still be analysed: { $command }
error-not-followed = { $repository } is not followed here. Followed are: { $repositories }
error-nothing-followed = { $repository } is not followed here; nothing is.
error-too-many-subscriptions = This channel follows { $most } repositories, which is the most. Unsubscribe from one first.
error-may-not-manage = You may not change what this channel follows. On Slack guests may not; in a Telegram group only administrators may. Ask somebody who may.
error-pull-request-unsupported = Pull requests can be read only of repositories on the configured GitHub host. Give a commit's address, or a range.
error-busy-channel = { $n } commands are still under way in this channel. Wait for one of them, then try again.
error-busy = Too many commands are under way just now. Try again in a minute.
error-took-too-long = Stopped after { $minutes } minutes without a result. Try again; what was analysed is kept, so the next try is quicker.
error-internal = Something failed that should not have. Whoever runs this bot finds it in the log; please try again.

## Slack: the manifest

error-slack-prefix = { $value } cannot stand before slash commands. Give up to { $most } lower-case letters, digits and single hyphens, for example cc: /analyze becomes /cc-analyze.
error-slack-unfurl-host = { $value } is no host. Give a name such as github.com, without https:// and without a path.
error-slack-unfurl-count = Slack lets an app add to the links of { $most } hosts at most, not of { $n }. Leave some out.
error-slack-url = { $value } is no address that Slack can send to. Give the public https:// address of the bot, without a query.

## Errors: subscriptions

error-store-value = The value of { $key } in Redis cannot be read: { $reason }. A later version may have written it: upgrade Commitcast. If it is damaged, delete it there and set it anew in the chat.
error-branches-none = No branch of { $repository } matches { $patterns }. { $more ->
    [0] There are { $branches }.
   *[other] There are { $branches } and { $more } more.
}
error-branches-many = { $patterns } matches { $n } branches of { $repository }; a digest can cover { $most }. Name fewer.

## The bot as a process, and in a terminal

chat-terminal-welcome = Commitcast in this terminal. help lists the commands; exit, or Ctrl-D, ends.
chat-terminal-controls = expand NUMBER shows a commit's full analysis · report writes the full report to a file
error-no-chat = No chat is set up. Set SLACK_BOT_TOKEN with SLACK_APP_TOKEN, or TELEGRAM_BOT_TOKEN; docs/slack.md and docs/telegram.md tell how. To try the bot without any: commitcast chat
error-no-chat-left = Every chat was given up; the lines above say why. Mend the settings and start again.
error-slack-half = SLACK_BOT_TOKEN is set, but neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (HTTP). Set one of them; docs/slack.md tells how.
error-port-taken = Port { $port } cannot be used: { $reason }. Set COMMITCAST_PORT to a free one.
error-pull-request-not-found = There is no pull request { $number } in the repository. Check the number.

## Slack: controls and hints

control-expand = Expand
control-expand-commit = Expand a commit
control-report = Full report
control-may-repeat = This message may be here twice: the first one was not confirmed.
chat-slack-more = { $n ->
    [one] { $n } more commit in the thread
   *[other] { $n } more commits in the thread
}
chat-slack-expand = Any commit by its number: `/commitcast expand { $number }`

## Errors: Slack

error-slack-token = Slack does not accept SLACK_BOT_TOKEN ({ $reason }). Copy the Bot User OAuth Token (xoxb-…) anew from “OAuth & Permissions” of your app at https://api.slack.com/apps; if the app was removed from the workspace, install it again first.
error-slack-app-token = Slack opens no connection for SLACK_APP_TOKEN ({ $reason }). Make an app-level token (xapp-…) with the scope connections:write under “Basic Information” of your app at https://api.slack.com/apps, and see that Socket Mode is on. Without Socket Mode, leave it out and set SLACK_SIGNING_SECRET.
error-slack-scope = The Slack app lacks a right ({ $reason }). Give it the manifest that commitcast slack-manifest prints, and install it to the workspace again.
error-slack-not-invited = The bot is not a member of this channel. Invite it there with /invite, then try again.
error-slack-closed = This channel is archived ({ $reason }). Unarchive it, or use another one.
error-slack-policy = The rules of this workspace or channel do not let the bot post here ({ $reason }). Ask an administrator of the workspace.
error-slack-gone = A message that was to be edited is gone ({ $reason }). Give the command again.
error-slack-blocks = Slack did not take the layout of a message ({ $reason }). Try again; if it stays so, tell whoever runs the bot.
error-slack-busy = Slack asks the bot to wait { $seconds } s before it sends more. Try again then.
error-slack-outage = Slack reports a disturbance ({ $reason }). Try again in some minutes; https://slack-status.com tells more.
error-slack-unreachable = Slack cannot be reached: { $said }. Check the network, the proxy and SLACK_API_URL.
error-slack-outcome = Slack did not confirm a request: { $said }. The message may have arrived, so it is not sent again. If it is not there, give the command again.
error-slack-unexpected = Slack's answer cannot be understood: { $said }. A proxy may be in between, or SLACK_API_URL is wrong.
error-slack-rejected = Slack refused a request ({ $reason }). Try again; if it stays so, tell whoever runs the bot.
error-slack-channel = “{ $value }” names no channel of this workspace. Give its id, for example slack:C0123456789; Slack shows it at the end of the channel's details. An app of a whole organisation needs the workspace as well: slack:T0123456789/C0123456789.
error-slack-lookup = The channel has more than { $most } messages since the one whose arrival Slack did not confirm, so it was not looked for any further.

## Slack

chat-slack-invite = I am not a member here, so only you see this. With /invite @{ $bot } everyone here does, and digests can come.
chat-slack-invite-file = I am not a member here, so the file cannot be sent. Invite me with /invite @{ $bot }, then ask again.
chat-slack-in-thread = The answer is in the thread of the digest: { $url }
chat-slack-button = This control no longer works. { $command } makes a new digest.
chat-slack-no-commit = This message has no link to a commit. “Analyse commit” needs one, for example https://github.com/owner/repo/commit/SHA.

## Telegram's messages

chat-telegram-continued = (continued)
control-back = « Back to the digest
error-too-many-commits = That is more than { $most } commits, which is the most for a digest in a chat. Choose a shorter time or range; the shell's commitcast digest takes any number.

error-repository-name-chat = “{ $value }” names no repository. Give owner/repo, or its address.
error-commit-name-chat = “{ $value }” names no commit. Give its address, or owner/repo@SHA.
error-compare-fork = “{ $value }” compares with another fork, which cannot be read here. Give the pull request's address, or a commit's.
error-compare-base = “{ $value }” names one end only. Give both: …/compare/A...B
chat-interrupted = The bot is being restarted, and this was not finished. Please ask again in a minute; what was analysed is kept.

## Deliveries

error-digest-too-long = The digest took too long and is tried again later.
error-post-to = “{ $value }” is no channel. Give slack: and the id of a channel, for example slack:C0123ABCD, or telegram: and the number or the name of a chat, for example telegram:-100123 or telegram:@acme.
error-post-chat-off = { $platform ->
    [slack] Slack is not set up. Set SLACK_BOT_TOKEN.
   *[telegram] Telegram is not set up. Set TELEGRAM_BOT_TOKEN.
}
error-post-followed = The bot delivers { $repository } to this channel by itself. Use /digest there, or /unsubscribe first.
error-post-claimed = Another process is delivering this digest. Try again in some minutes: nothing comes twice.

post-done = Posted to { $channel }: { $n ->
    [one] { $n } commit
   *[other] { $n } commits
} of { $repository }.
post-quiet = Nothing new in { $repository }, so nothing was posted to { $channel }.
post-repeated = Today's digest of { $repository } was posted to { $channel } before. Nothing to do.

## commitcast eval

evaluation-kinds = Kind: right for { $n } of { $commits } commits
evaluation-importance = Importance: { $low } below and { $high } above what was expected
evaluation-grave = Grave: { $n ->
    [0] none
   *[other] { $n }
} (a dangerous commit rated low, or mere documentation rated high)
evaluation-overruled = Importances proposed by the model that the rules corrected: { $n }
evaluation-corrected = Replies that had to be asked for again: { $n }
evaluation-ungrounded = Analyses of which sentences were withheld: { $n }
evaluation-tokens = Tokens: { $sent } sent ({ $kept } of them kept by the server), { $received } received
evaluation-failed = Without an analysis: { $n } ({ $reason })
evaluation-list-grave = Grave (case: expected ≠ found)
evaluation-list-low = Importance too low
evaluation-list-high = Importance too high
evaluation-list-kinds = Another kind than expected
error-evaluation-empty = There is no labelled commit (*.toml) in { $path }.
error-evaluation-file = { $path } is no labelled commit: { $reason }
error-evaluation-no-model = No model is set up. Set OPENAI_API_KEY or OPENAI_BASE_URL, or try { $command }.

## commitcast export, import and forget

data-entries = { $kind ->
    [subscriptions] { $n ->
        [one] { $n } subscription
       *[other] { $n } subscriptions
    }
    [defaults] { $n ->
        [one] the settings of { $n } chat
       *[other] the settings of { $n } chats
    }
    [delivered] { $n ->
        [one] { $n } delivered digest
       *[other] { $n } delivered digests
    }
   *[others] { $n ->
        [one] { $n } other entry
       *[other] { $n } other entries
    }
}
data-nothing = nothing
export-done = Exported: { $entries }.
import-done = Imported: { $entries }.
forget-ask = Kept of { $channels }: { $entries }. Remove all of it for good?
forget-done = Removed of { $channels }: { $entries }.
error-forget-unknown = Nothing is kept of “{ $channel }”. A chat is named as commitcast export names it: slack:T012/C345, telegram:-100123, or telegram:-100123/7 for a topic.
error-forget-unsure = Nobody can be asked here whether all of it is to be removed. Add { $option } if you are sure.
error-import-terminal = There is nothing to import. Name a file, or pipe one in: commitcast import FILE
error-import-input = { $path } cannot be read: { $reason }.
error-import-merge-and-replace = Give --merge or --replace, not both.
error-import-format = This is no export of Commitcast, whose first line names its format, { $known }. Nothing was changed. If it comes from a pipe, see what its other end says.
error-import-version = This export has the format { $found }; this version reads { $known }. Nothing was changed. Import it with the version that made it, then upgrade.
error-import-cut = The export is not whole: its end is missing, or something stands after it. Nothing was changed. Export again.
error-import-line = Line { $line } of the export cannot be read: { $reason }. Nothing was changed.
error-import-kind = Line { $line } of the export has entries of a kind that this version does not know: { $kind }. Nothing was changed. Import it with the version that made it.
error-import-value = Line { $line } of the export has a value for { $key } that cannot be used: { $reason }. Nothing was changed.
error-import-occupied = The store already holds data of chats. With --merge they stay and what is lacking is added; with --replace they go. Nothing was changed.
error-import-unfinished = The store holds a part of an import that was not finished, so nothing can be added to it. Repeat that import, or give --replace.
error-store-importing = Data is being imported into this store, or an import did not come to its end. Wait for it, or repeat it.
error-store-newer = A later version of Commitcast has used this store: its data has the version { $found }, this one knows { $known }. Upgrade Commitcast.

## /usage

usage-title = Tokens of this chat
usage-title-all = Tokens of all chats
usage-none = No model was asked from here in the last three months.
usage-span = { $days ->
    [1] Today
   *[other] { $days } days
}: { $sent } sent ({ $share } % kept by the server), { $received } received, { $requests ->
    [one] { $requests } request
   *[other] { $requests } requests
}
usage-by = By repository and model, 30 days
usage-part = { $repository } · { $model }: { $tokens }
usage-left-in-all = Left for today in all: { $tokens } tokens (days end at midnight UTC)
usage-left-of-a-channel = Left for today in this chat: { $tokens } tokens (days end at midnight UTC)

## commitcast doctor

doctor-of-settings = settings
doctor-of-zones = time zones
doctor-of-clock = clock
doctor-of-disk = disk
doctor-of-git = git
doctor-of-store = store
doctor-of-github = GitHub
doctor-of-model = model
doctor-of-second-model = second model
doctor-of-slack = Slack
doctor-of-telegram = Telegram
doctor-of-subscriptions = subscriptions
doctor-sum = { $broken ->
    [0] Nothing is broken.
    [one] 1 thing is broken.
   *[other] { $broken } things are broken.
} Warnings: { $warning } · notes: { $note } · fine: { $fine }
doctor-late = No answer within { $seconds } s. Check the network and the proxy, then try again.
doctor-crashed = The check itself failed: { $said }. Please report this line at the project's page.
doctor-settings = { $n ->
    [0] No setting is given: defaults hold.
    [one] 1 setting is given, and valid.
   *[other] { $n } settings are given, and valid.
}
doctor-setting-unknown = { $name } is no setting and changes nothing. { $is_close ->
    [yes] Did you mean { $known }?
   *[no] The README lists all there are.
}
doctor-setting-idle = { $name } changes nothing without { $lacking }. Set that too, or take this one out.
doctor-no-chat = Neither SLACK_BOT_TOKEN nor TELEGRAM_BOT_TOKEN is set, so commitcast run has no chat to serve. All other commands work.
doctor-port-none = Slack or Telegram is to send to this process, but COMMITCAST_PORT is 0. Set the port that your public address leads to.
doctor-price-none = COMMITCAST_PRICES has no price for { $model }, so /usage tells its tokens without their cost. Add { $model }=…
doctor-env-open = Other users of this machine can read the secrets in .env. Run: chmod 600 .env
doctor-zones = Time zone data of { $version }.
doctor-zones-old = The time zone data are of { $version }; where clocks were changed since, digests come at the wrong hour. Update the system's package tzdata.
doctor-zones-unknown = How old the time zone data are is not known.
doctor-clock = The clock agrees with that of { $host }.
doctor-clock-wrong = This machine's clock is { $seconds } s { $side ->
    [ahead] ahead of
   *[behind] behind
} that of { $host }: digests come at the wrong time, and beyond 300 s Slack's requests are refused. Switch time synchronisation on: timedatectl set-ntp true
doctor-disk = { $folder }: { $megabytes } MB are free.
doctor-disk-full = { $folder }: only { $megabytes } MB are free. Make room, or set COMMITCAST_DATA to a larger disk: without space neither data nor mirrors of repositories can be written.
doctor-disk-closed = { $folder } cannot be written. Give the user who runs Commitcast the right to, or set COMMITCAST_DATA to another folder.
doctor-git = git { $version }
doctor-store = { $name } { $version }, { $kind ->
    [embedded] embedded, data in { $place }
   *[server] at { $place }
}
doctor-store-old = The server is version { $version }. Use Redis { $oldest } or later, or Valkey.
doctor-store-closed = The server does not tell how it keeps data ({ $reason }). See to it yourself that it has maxmemory-policy noeviction and appendonly yes.
doctor-store-policy = When memory is full, nothing is evicted ({ $policy }).
doctor-store-evicts = With maxmemory-policy { $policy } the server drops subscriptions when its memory is full. Set: maxmemory-policy noeviction
doctor-store-evicts-some = With maxmemory-policy { $policy } the server drops delivered digests, and marks that keep digests from coming twice, when its memory is full. Set: maxmemory-policy noeviction
doctor-store-full = { $share } % of the server's { $most } MB of memory are used; when it is full, nothing can be written. Raise maxmemory.
doctor-store-aof = Every change is written to the disk (appendonly).
doctor-store-snapshots = The server saves snapshots only (save { $save }): after a crash the latest changes are gone, and digests may come twice. Set: appendonly yes
doctor-store-forgets = The server writes nothing to its disk: a restart forgets all subscriptions. Set: appendonly yes
doctor-store-saves-unknown = The server writes no append-only file, and does not tell whether it saves snapshots. Check that its data survive a restart.
doctor-store-unsaved = The server could not write to its disk the last time ({ $what }). Look at its log and at its disk's free space.
doctor-github = { $host } answers.
doctor-github-rate = { $left } of { $most } requests are left; the count starts anew in { $minutes } min.
doctor-github-rate-low = Only { $left } of { $most } requests are left; the count starts anew in { $minutes } min. A token in GITHUB_TOKEN raises the limit; with one, use it for nothing else.
doctor-github-unlimited = { $host } sets no limit to requests.
doctor-github-anonymous = GITHUB_TOKEN is not set: 60 requests an hour, and no private repository. Make a fine-grained token with “Contents: read”.
doctor-github-token = The token is taken. What it may read is set on GitHub: “Contents: read” for each repository is enough.
doctor-github-classic = The token is taken: a classic one that reads private repositories ({ $scopes }).
doctor-github-public = The token is taken: a classic one that reads public repositories only ({ $scopes }). For private ones make a fine-grained token with “Contents: read”.
doctor-github-wide = The token may do more than reading needs ({ $scopes }). A fine-grained token with “Contents: read” is enough.
doctor-github-expires = The token expires on { $date }, in { $days ->
    [one] 1 day
   *[other] { $days } days
}. Make a new one in time.
doctor-model = { $model } at { $server } answers in { $seconds } s ({ $form ->
    [json_schema] held to a JSON schema
    [json_object] in JSON mode
   *[text] as plain text: the server has no JSON mode, so more replies have to be asked for again
}; { $limit ->
    [unlimited] no limit of length
   *[other] { $limit }
}).
doctor-model-none = No model is set up: the rules write all analyses. For a model set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.
doctor-model-fails = { $model } at { $server } gives no analyses: { $reason ->
    [unauthorized] the key is not accepted. Check { $key }, and that it belongs to the server in { $address }.
    [model-not-found] the server does not have it. Check { $name } and { $address }; the address of most servers ends in /v1.
    [quota-exhausted] the quota is used up. Add credit to the account, or set another { $key }.
    [rate-limited] the server allows no more requests for now. Try again in a minute, or lower COMMITCAST_LLM_CONCURRENCY.
    [unreachable] the server cannot be reached. Check { $address }, the network and the proxy.
    [timed-out] no answer within { $seconds } s. A server of your own may still be loading the model: try again. If it stays slow, digests wait for it.
    [server-error] the server reports an error. Try again in some minutes, and look at its log.
    [empty-reply] its reply is empty. A model that thinks may need a larger limit on its server; otherwise choose another { $name }.
    [cut-off] its reply is cut off. Raise the limit of the reply's length on its server, or choose another { $name }.
    [refused] it refuses a harmless question. Check the content filter of its server, or choose another { $name }.
    [invalid-reply] its reply cannot be read. Check { $address }: a proxy may answer in its place; or choose another { $name }.
   *[other] the server rejects the request. Check { $address } and { $name }.
} (The server said: { $said })
doctor-slack = The bot's token is taken: { $user } in { $team }.
doctor-slack-scopes = The app has all { $n } scopes that it needs.
doctor-slack-scopes-missing = The app lacks the scopes { $scopes }. Give it the manifest that commitcast slack-manifest prints, and install it to the workspace again.
doctor-slack-scopes-surplus = The app may do more than it needs ({ $scopes }). The manifest that commitcast slack-manifest prints leaves that out.
doctor-slack-scopes-unknown = Slack's answer does not tell the app's scopes; a proxy may have taken them out.
doctor-slack-socket = Socket Mode: the app-level token is taken.
doctor-slack-http = HTTP mode: Slack has to reach { $path } on your public address. Whether SLACK_SIGNING_SECRET is right shows with the first request.
doctor-telegram = The token is taken: { $name }.
doctor-telegram-privacy = Privacy mode is on: in groups the bot sees commands and replies, which is enough.
doctor-telegram-reads-all = Privacy mode is off: in groups the bot is sent every message, though it needs only commands. Switch it on with /setprivacy at @BotFather, then add the bot to its groups anew.
doctor-telegram-no-groups = The bot cannot be added to groups. Allow it with /setjoingroups at @BotFather.
doctor-telegram-polling = The bot asks for updates itself; no webhook is in the way.
doctor-telegram-webhook = Telegram brings updates to { $host }.
doctor-telegram-webhook-unset = Telegram does not bring updates to COMMITCAST_PUBLIC_URL yet; commitcast run sets that.
doctor-telegram-webhook-elsewhere = Telegram brings this bot's updates to { $host }, which is not where these settings say. commitcast run takes them over; if another program still uses this bot, make a second bot at @BotFather.
doctor-telegram-webhook-fails = Telegram could not bring updates to { $host }: { $said }. Waiting: { $n }. Check that the bot runs, the proxy before it, and the certificate.
doctor-subscriptions = { $n ->
    [0] No subscription waits for digests.
    [one] 1 subscription gets its digests.
   *[other] { $n } subscriptions get their digests.
}
doctor-subscription-stopped = { $repository } in { $channel } gets no digests since { $since }: { $reason } When that is mended, subscribe there again.
doctor-subscription-chat-off = { $repository } in { $channel } gets no digests: the token of { $platform } is not set. Set it, or remove the chat with commitcast forget.
doctor-subscription-chat-closed = { $repository } in { $channel } gets no digests: that chat is not allowed. Let the owner send /allow { $channel }, name it in COMMITCAST_ALLOWED_CHATS, or remove it with commitcast forget.
doctor-subscription-zone = { $repository } in { $channel } gets no digests: the time zone { $zone } is unknown here. Update the system's package tzdata, or subscribe there again with another tz:.
doctor-subscriptions-more = { $n } more subscriptions get no digests; commitcast doctor lists them as those above are mended.
doctor-late-digests = A digest has been due since { $since }. See that commitcast run is running, and look at its log.

## Who may do what

owner-invitation = Nobody owns this bot yet. On Telegram it serves no chat until somebody does, or until COMMITCAST_ALLOWED_CHATS is set. Whoever sends it this in a private chat, within a day of the first start, becomes its owner: /owner { $code } (on Slack: /commitcast owner { $code })
owner-welcome = You own this bot now. It serves this chat; send `/allow` in another to have it served too, or { $allow } from here. Private repositories are shown where you grant them: { $grant }
chat-closed = This bot serves only chats that its owner has allowed, and this is none of them. The owner can allow it by `{ $prefix }allow` here, or from elsewhere by `{ $prefix }allow { $chat }`; whoever runs the bot, by `COMMITCAST_ALLOWED_CHATS={ $chat }`.{ $is_waited_for ->
    [yes] { " " }The bot has no owner yet: send `{ $prefix }owner CODE` with the code that it wrote at its start.
   *[no] { "" }
}
chat-allowed = `{ $chat }` is served now.
chat-disallowed = `{ $chat }` is served no longer. What it follows is kept, and its digests wait; commitcast forget removes it all.
chats-title = Chats that are served
grants-title = Private repositories, and where they may be read
grants-none = Nothing is allowed or granted.
granted = `{ $channel }` may read `{ $repository }` now, private or not.
revoked = `{ $channel }` may not read `{ $repository }` any more, unless it is public.
error-owner-what = Send the code that the bot wrote at its start, in a private chat with it: { $command }
error-owner-attempts = That was code number { $n } within an hour. Try again in an hour, with the code that the bot wrote at its start.
error-owner-code = This is not the code. It is good for one use and one day, and there is none where the bot has an owner or COMMITCAST_ALLOWED_CHATS is set. Start the bot again, and take the code that it writes then.
error-not-owner = Only the owner of this bot may do that.
error-allow-what = “{ $value }” is no chat. Name one, or a pattern of several: { $command }, slack:T012/C345; or nothing, for this chat.
error-still-allowed = `{ $chat }` is still served: COMMITCAST_ALLOWED_CHATS allows it, or a wider pattern does, or it is on Slack, which is open where that setting names no channel of it.
error-grant-what = Name a repository of the configured GitHub host, and a channel unless it is this one: { $command }. Both may have * in them. Folders and other hosts are granted by COMMITCAST_PRIVATE_GRANTS alone.
error-commit-elsewhere = No branch, tag or open pull request of { $repository } that was looked through has the commit “{ $name }”. A forge shows commits of forks under that name too, of private ones among them, so it is not shown here. Name the repository that it belongs to, or have { $repository } granted to this channel.
error-not-revoked = `{ $channel }` was not granted `{ $repository }` in these words, or may read it still by a wider pattern or by COMMITCAST_PRIVATE_GRANTS. A grant without words lists what there is.
error-too-many-commands = You have asked for { $n } digests and analyses within an hour, which is the most. Try again in an hour; whoever runs this bot can raise COMMITCAST_HOURLY_COMMANDS_PER_USER.
error-setting-allowed-chats = { $name } is “{ $value }”. Write chats with commas between, for example telegram:-100123,slack:T012/C345; * in them stands for anything, and alone for every chat.
error-setting-hourly-commands = { $name } is “{ $value }”. Set it to a number of commands from 1 up.
error-setting-log-format = { $name } is “{ $value }”. Set it to readable (lines for people) or to json (one object a line).
error-setting-log-level = { $name } is “{ $value }”. Set it to debug, info, warning or error.
help-owner = The owner's commands
command-owner = make yourself the bot's owner, with the code that it wrote at its start
command-allow = serve this chat, or the one that is named
command-disallow = serve it no longer
command-grant = let this channel, or the one that is named, read a private repository; without words, what is granted
command-revoke = take that back

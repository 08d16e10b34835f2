### 中文。每条消息在每个语言文件中都有，变量相同。

## 列表、日期与时刻的写法（Babel 的格式）

list-separator = 、
sentence-separator = { "" }
clause-separator = ，
reason-separator = ；
pattern-date = y年M月d日 EEE
pattern-instant = y年M月d日 HH:mm

## 提交的类型：标签用词与计数

kind-security = 安全
kind-fix = 修复
kind-feature = 新功能
kind-performance = 性能
kind-refactor = 重构
kind-revert = 回退
kind-dependencies = 依赖
kind-test = 测试
kind-docs = 文档
kind-build = 构建
kind-ci = CI
kind-style = 代码风格
kind-release = 发版
kind-merge = 合并
kind-chore = 杂务

count-security = { $n } 个安全改动
count-fix = { $n } 个修复
count-feature = { $n } 个新功能
count-performance = { $n } 个性能改动
count-refactor = { $n } 个重构
count-revert = { $n } 个回退
count-dependencies = { $n } 个依赖更新
count-test = { $n } 个测试改动
count-docs = { $n } 个文档改动
count-build = { $n } 个构建改动
count-ci = { $n } 个 CI 改动
count-style = { $n } 个风格调整
count-release = { $n } 个发版
count-merge = { $n } 个合并
count-chore = { $n } 个杂务
count-others = { $n } 个其他改动
count-breaking = { $n } 个不兼容改动

tag-breaking = 不兼容
tag-secret = 疑似密钥
tag-by-rules = 仅规则
tag-reverts = 回退 { $number }
tag-reverted-by = 被 { $number } 回退
tag-follows = 后续修正 { $number }
tag-followed-by = 由 { $number } 后续修正

## 重要程度与严重程度

importance-high = 高
importance-medium = 中
importance-low = 低
badge-high = 重要程度：高
badge-medium = 重要程度：中
badge-low = 重要程度：低
severity-high = 高
severity-medium = 中
severity-low = 低

## 文件的用途

role-source = 源码
role-test = 测试
role-docs = 文档
role-build = 构建
role-ci = CI
role-config = 配置
role-lock = 锁文件
role-generated = 生成文件
role-vendored = 第三方代码
role-asset = 资源

## 规则为何这样判定重要程度

reason-security-fix = 修复了安全问题
reason-secret-committed = 疑似提交了密钥
reason-crash-fix = 修复了崩溃
reason-data-loss-fix = 修复了数据丢失
reason-hang-fix = 修复了卡死或死锁
reason-breaking-mark = 提交自己声明了不兼容改动
reason-public-removed = 删除了外部可能用到的名称
reason-revert = 撤销了之前的提交
reason-major-dependency = 依赖的主版本号有变
reason-schema-change = 改动了数据结构或接口定义
reason-large-change = 源码改动量大
reason-fix = 修复了缺陷
reason-feature = 增加了功能
reason-performance = 影响速度或内存占用
reason-source-change = 改动了源码
reason-dependency-change = 改动了依赖
reason-docs-only = 只改了文档
reason-tests-only = 只改了测试
reason-ci-only = 只改了 CI
reason-generated-only = 只改了生成文件
reason-style-only = 只调整了代码格式
reason-sensitive-change = 改动了出错代价较高的代码
reason-interface-change = 改动了他人所依赖的接口
reason-new-check = 增加了前置检查
reason-small-change = 改动很小
reason-no-files = 没有改动任何文件
reason-merge = 合并的提交已各自列出
reason-release = 准备或标记一次发版
reason-evidence = { $reason }：“{ $evidence }”
reason-clamped = 模型建议定为{ $proposed }，规则将其定为{ $importance }。

## 为何只有规则的结果；须能放进“2 个仅由规则判断（…）”

rules-reason-not-configured = 未配置模型
rules-reason-not-needed = 无需模型分析
rules-reason-daily-limit = 今日的 token 额度已用完
rules-reason-unreachable = 无法连接模型
rules-reason-timed-out = 模型未及时响应
rules-reason-server-error = 模型服务出错
rules-reason-rate-limited = 模型服务限流
rules-reason-quota-exhausted = 模型额度已用完
rules-reason-unauthorized = 模型服务不接受该密钥
rules-reason-model-not-found = 服务端没有该模型
rules-reason-request-rejected = 模型服务拒绝了请求
rules-reason-refused = 模型拒绝回答
rules-reason-cut-off = 模型的回答不完整
rules-reason-empty-reply = 模型的回答为空
rules-reason-invalid-reply = 模型的回答无法使用
rules-reason-internal-error = 内部错误，详见日志

## 摘要

group-attention = 需要关注（{ $n }）
group-component = { $name }（{ $n }）
group-elsewhere = 其他（{ $n }）
group-alike = { $name }（{ $n } 个同类提交）
group-alike-unnamed = 同类提交（{ $n }）
group-dependencies = 依赖更新（{ $n }）
group-bots = 机器人（{ $n }）
group-merges = 合并（{ $n }）

commits = { $n } 个提交
people = { $n } 人
bots = { $n } 个机器人
stats-by = { $commits }，来自 { $authors }
stats-both = { $people }和 { $bots }
stats-quiet = 没有提交
stats-none-shown = 没有要显示的提交
stats-since = 自 { $date } { $time } 起

overview-components = 改动最多的是 { $name }（{ $commits } 个提交中占 { $n } 个）。
overview-components-two = 改动最多的是 { $name }（{ $commits } 个提交中占 { $n } 个），其次是 { $second }（{ $m } 个）。
overview-kinds = 总计：{ $kinds }。
overview-attention = 有 { $n } 个提交需要关注。
overview-attention-among = 有 { $n } 个提交需要关注，其中 { $kinds }。
overview-calm = 没有重要程度为高的提交。

complete = { $commits }：{ $parts }
complete-analysed = 已分析 { $n } 个
complete-analysed-partly = 已分析 { $n } 个（其中 { $partly } 个只读了部分内容）
complete-rules = { $n } 个仅由规则判断（{ $reasons }）
complete-rules-alone = 全部仅由规则判断（{ $reasons }）
complete-quiet = 一切平静：{ $branch } 上没有新提交。
complete-to-come = { $mark } 模型恢复后将在此补上 { $n } 个分析
complete-left-out = 另有 { $n } 个未显示：{ $reasons }
quiet = { $title }：{ $branch } 没有新提交。
quiet-left-out = { $title }：{ $completeness }
complete-none-shown = { $branch } 上有 { $commits }，均未显示：{ $reasons }

left-out-bots = 机器人提交 { $n } 个
left-out-authors = 作者不符 { $n } 个
left-out-paths = 路径不符 { $n } 个
left-out-below-medium = 重要程度低于中 { $n } 个
left-out-below-high = 重要程度低于高 { $n } 个
left-out-brought-in = 由合并带入 { $n } 个
left-out-known = 历史改写前已报告 { $n } 个
left-out-too-many = 较早的 { $n } 个（数量过多，未逐一列出）

remark-rewritten = { $branch } 的历史已被改写：{ $n } 个已报告的提交不再属于该分支。
remark-cursor-lost = { $branch } 上一次摘要的截止提交已不在仓库中，本次改按日期选取：日期偏早的提交可能会遗漏。
remark-branch-gone = 分支 { $branch } 已不存在。

row-reverted = 已被 { $by } 回退：{ $headline }
digest-shorter = 上面的摘要变短了，这里不再有内容。

period = { $since } – { $until }（{ $zone }）

## 单个提交的完整分析

part-summary = 改了什么
part-scope = 影响范围
part-architecture = 架构
part-performance = 性能
part-security = 安全
part-risks = 风险
part-advice = 建议
part-facts = 变更事实
part-reasons = 定级依据

author-unknown = 未知作者
files = { $n } 个文件
facts-secrets = 疑似提交了密钥：{ $places }
facts-secret-at = { $path }:{ $line } 中的 { $kind }
facts-secret-in-message = 提交说明中的 { $kind }
facts-files = 文件：{ $roles }
facts-role = { $role } { $n } 个
facts-symbols-added = 新增：{ $names }
facts-symbols-changed = 修改：{ $names }
facts-symbols-removed = 删除：{ $names }
facts-public-removed = 已删除且外部可能用到：{ $names }
facts-dependencies = 依赖：{ $moves }
facts-dependency-new = { $name } { $after }（新增）
facts-dependency-gone = { $name } { $before }（移除）
facts-breaking = 标记为不兼容：{ $marks }
facts-references = 关联 { $names }
facts-reverts = 回退 { $what }
facts-tests-missing = 源码行为有变，但没有改动测试。
facts-more = 另有 { $n } 个

small-read-whole = 已读全部 { $n } 个文件
small-read-partly = 已读 { $read }/{ $n } 个文件
small-read-in-part = 部分阅读：{ $names }
small-not-read = 未读：{ $names }
small-only-counted = { $n } 个仅计数（生成文件、锁文件、二进制文件）
small-withheld = 已略去 { $n } 句在提交中找不到依据的内容
small-brief = 仅含要点
small-files-omitted = 代码托管平台只列出了部分文件
small-analysed = 由 { $analyzer } 分析
small-analysed-at = 由 { $analyzer } 分析，{ $instant }
small-by-rules = 仅由规则判断：{ $reason }

## 完整报告

report-overview = 概览
report-contents = 目录
report-commits = 提交列表
column-time = 时间（{ $zone }）
column-author = 作者
column-commit = 提交
column-change = 改动
column-importance = 重要程度
column-kind = 类型
label-commit-title = 提交标题：{ $title }
label-path = 位于 { $path }

## HTML 页面

page-pattern-day = M月d日
page-chart = 提交时间分布
page-chart-lines = 行改动
page-chart-description = 每个圆点是一个提交，每种类型一行，圆点越大改动行数越多。{ $kinds }。下方列表逐一列出每个提交。
page-filters = 筛选提交
page-search = 搜索
page-search-hint = 标题、分析、文件、SHA …
page-author-all = 所有人
page-shown = 显示 { $shown } / { $total }
page-reset = 重置
page-expand-all = 全部展开
page-collapse-all = 全部收起
page-no-match = 没有符合筛选条件的提交。
page-footer = 由 Commitcast 生成，{ $when }

## 命令行

progress-commits = { $name }：已分析 { $done }/{ $total } 个提交
shell-written = 已写入：{ $path }
shell-stopped = 已停止。没有留下半成品，已完成的分析会保留。
demo-next =
    同目录下还有 digest.html（用浏览器打开）和 digest.md。
    接下来可以试试：
    { "  " }{ $command } analyze { $commit }
    { "  " }{ $command } digest { $repository } --since 7d --output week.html
    { "  " }{ $command } digest { $repository } --date latest --lang en
    设置 OPENAI_API_KEY，或 OPENAI_BASE_URL 和 OPENAI_MODEL 之后，将由大模型撰写分析。

## 错误：请求有误

error-zone = “{ $value }”不是有效的时区。请使用 IANA 时区名，例如 UTC、Europe/Berlin 或 Asia/Shanghai。
error-language = “{ $value }”不是有效的语言。请填写 en、zh，或其他语言的代码或名称。
error-date = “{ $value }”不是有效的日期。请填写 2026-01-06、today 或 yesterday，也可以用 24h、7d 这样的时长，或 2026-01-06T12:00 这样的时刻；年份限 1970 至 2099。
error-range = “{ $value }”不是有效的范围。请写成 A..B，两端各是一个提交，例如 v1.0..main。
error-period = 时间段 { $since } 至 { $until } 的终点早于起点，请对调。
error-span-options = --date、--since（可配合 --until）和 --range 只能选其一。
error-repository-name = “{ $value }”不是可识别的仓库。请填写 owner/repo、git 可以克隆的地址，或已存在的目录。
error-commit-name = “{ $value }”不是可识别的提交。请填写提交的网址、REPO@SHA，或当前目录所在仓库中的 SHA。
error-commits-missing = { $total } 个提交中有 { $missing } 个读取失败，因此没有生成摘要。请重试；如果仍然失败，说明仓库可能已损坏，请运行 git fsck 检查。
error-output = 无法写入 { $path }：{ $reason }。请换个位置或修正权限。
error-output-and-archive = --output 与 --archive 只能选其一。
error-archive-needs-day = 归档按天保存。请用 --date 指定日期，或不指定时间范围以取最近有提交的一天。
error-range-branch = 范围已经指明两端：请去掉 --branch，或省略范围的终点。
error-html-takes-one = 一个网页只能展示一个仓库。请只给一个仓库，或改用 --archive。

## 错误：设置有误

error-setting-address = { $name } 的值是“{ $value }”，应为 http:// 或 https:// 开头的地址。
error-setting-redis-url = { $name } 的值是“{ $value }”，应为 redis://、rediss:// 或 unix:// 开头的地址；不设置则使用内嵌服务器。
error-setting-folder = { $name } 的值是“{ $value }”，不是有效的目录，应为可写的目录。
error-setting-language = { $name } 的值是“{ $value }”，应为 en、zh，或其他语言的代码或名称。
error-setting-timezone = { $name } 的值是“{ $value }”，应为 IANA 时区名，例如 UTC、Europe/Berlin 或 Asia/Shanghai。
error-setting-concurrency = { $name } 的值是“{ $value }”，应为 1 到 256 之间的整数。
error-setting-commit-tokens = { $name } 的值是“{ $value }”，应为 4000 到 1000000 之间的整数。
error-setting-analyses = { $name } 的值是“{ $value }”，应为 worth（按重要程度决定分析深度）或 full（每个提交都做完整分析）。
error-setting-daily-tokens = { $name } 的值是“{ $value }”，应为不小于 1 的 token 数；留空表示不限。
error-setting-prices = { $name } 的值是“{ $value }”。请写币种，以及每个模型每百万 token 的价格（发送/命中缓存/接收）：USD gpt-5-mini=0.25/0.025/2, other=1/0.1/4
error-setting-split = { $address } 写在当前目录的 .env 文件里，而 { $secret } 来自环境变量：随仓库而来的文件可能借此把密钥发往别处。请把两者设置在同一处。
error-env-file = 无法读取当前目录下的 .env 文件：{ $reason }。请修正或删除它。

## 错误：Redis 与内嵌服务器

error-store-no-server = 当前平台（{ $platform }）没有可用的内嵌服务器。请将 REDIS_URL 设为一台 Redis 服务器的地址。
error-store-folder = 无法使用数据目录 { $folder }：{ $reason }。请修正权限，或将 COMMITCAST_DATA 设为其他目录。
error-store-locks = 数据目录 { $folder } 所在的文件系统不支持文件锁：{ $reason }。请将 COMMITCAST_DATA 设为本地磁盘上的目录，或将 REDIS_URL 设为一台 Redis 服务器的地址。
error-store-silent = { $folder } 的内嵌服务器在 { $seconds } 秒内没有响应。如果另一台机器也在使用该目录，请将 REDIS_URL 设为两者共用的服务器；否则请查看其中的 redis/server.log 后重试。
error-store-start = 内嵌服务器启动失败：{ $reason }。完整日志见 { $folder }/server.log。如果数据已损坏，请将 { $folder } 移到别处，下次启动时会从空数据开始。
error-redis-url = REDIS_URL（{ $url }）不是可用的地址。请写成 redis://用户:密码@主机:6379/0，使用 TLS 时写 rediss://，或写 unix:///套接字路径；密码中的 / ? # @ : 需要做百分号编码。
error-redis-unreachable = 无法连接 Redis 服务器 { $url }：{ $reason }。请确认服务器正在运行，并检查 REDIS_URL 是否正确。
error-redis-timeout = Redis 服务器 { $url } 响应超时。请确认服务器正在运行、REDIS_URL 正确，且没有被防火墙拦截。
error-redis-login = Redis 服务器 { $url } 拒绝登录。请检查 REDIS_URL 中的用户名和密码，以及该用户的权限。
error-redis-tls = 无法与 Redis 服务器 { $url } 建立安全连接：{ $reason }。请检查其证书；未启用 TLS 的服务器应使用 redis:// 地址。
error-redis-reply = Redis 服务器 { $url } 报告错误：{ $reason }。请先在服务器上排除问题，再重试。

## 错误：各种来源

error-revision-not-found = 仓库中没有提交“{ $name }”。请检查名称；SHA 至少需要 4 位。
error-branch-not-found = 仓库中没有分支“{ $name }”。请检查名称，或省略以使用默认分支。
error-repository-empty = { $place } 还没有任何提交。请在首次推送后再试。

## 错误：git

error-git-missing = 无法启动 git（{ $reason }）。请安装 git 2.32 或更高版本，并确保它在 PATH 中。
error-git-old = { $found } 版本过旧，请安装 git { $needed } 或更高版本。
error-git-failed = git 无法读取 { $place }：{ $reason }。如果重试无效，请在其克隆中运行 git fsck 检查。
error-git-timeout = git 未能在 { $seconds } 秒内处理完 { $place }。可能是磁盘或网络较慢，请重试。
error-git-no-folder = 目录 { $place } 不存在，请检查路径。
error-git-no-repository = { $place } 不在任何 git 仓库中。请填写克隆所在的目录、仓库网址或 owner/repo。
error-git-permission = 没有权限读取 { $place }。请为运行 Commitcast 的用户授予读取权限。
error-git-ownership = { $place } 属于其他用户，git 不信任它。如果你信任它，请运行：git config --global --add safe.directory { $folder }
error-git-objects = { $place } 缺少部分内容，可能是部分克隆。请用 git fetch --refetch 补全，或改为填写它的网址。
error-git-url = 无法克隆地址 { $place }。请使用 https://、http://、ssh://、git:// 或 user@host:path。
error-git-not-found = { $place } 处没有仓库，或你无权查看。请检查地址；如果是私有仓库，请为该主机配置 git 凭据。
error-git-access = 服务器拒绝访问 { $place }。git 在此无法询问密码，请为该主机配置凭据助手或 SSH 密钥。
error-git-host-key = { $place } 的 SSH 主机未知，或其密钥已变更。请核对密钥，然后手动连接一次：ssh -T git@主机名
error-git-certificate = 无法与 { $place } 建立安全连接：证书不受信任。如果是公司自签证书，请在 git 配置中设置 http.sslCAInfo。
error-git-unreachable = 无法连接 { $place } 的服务器。请检查地址和网络后重试。
error-git-busy = { $place } 的服务器要求减少请求，请过几分钟再试。
error-git-disk = 磁盘已满，无法写入 { $place } 的镜像。请清理空间后重试。
error-git-data = 无法写入数据目录 { $place }：{ $reason }。请修正权限，或将 COMMITCAST_DATA 设为其他目录。
error-git-locked = 另一个进程获取 { $place } 的时间过长。请等待或结束该进程后重试。
error-revision-ambiguous = “{ $name }”对应多个提交的 SHA，请多给几位。
error-revision-no-commit = “{ $name }”不是提交。请填写提交、分支，或指向提交的标签。
notice-git-clone = 首次获取 { $place }；之后只获取新增内容。
notice-git-fetch = 正在获取 { $place } 的新增内容

## 错误：GitHub

error-github-token = { $host } 不接受 GITHUB_TOKEN 中的令牌：可能填写有误、已过期或已被吊销。请新建一个具有“Contents: read”权限的令牌。
error-github-sso = GITHUB_TOKEN 中的令牌尚未获得 { $repository } 所属组织的授权。请在 { $host } 的令牌设置中点击“Configure SSO”完成授权。
error-github-forbidden = { $token ->
    [yes] GITHUB_TOKEN 中的令牌无权读取 { $host } 上的 { $repository }。请为它补上所需权限：{ $permissions }。
   *[no] { $host } 上的 { $repository } 不对所有人开放。请将 GITHUB_TOKEN 设为具有 { $permissions } 权限的令牌。
}
error-github-repository-not-found = { $token ->
    [yes] { $host } 上没有仓库 { $repository }，或 GITHUB_TOKEN 中的令牌无权查看它。请检查名称；如果是私有仓库，请授予令牌对它的“Contents: read”权限。
   *[no] { $host } 上没有公开的仓库 { $repository }。请检查名称；如果是私有仓库，请将 GITHUB_TOKEN 设为有权读取它的令牌。
}
error-github-legal = 由于法律原因，{ $host } 已屏蔽 { $repository }，无法读取。详情见其在 { $host } 上的页面。
error-github-server = { $host } 自身出错（状态码 { $status }），请过几分钟再试。
error-github-rejected = { $host } 拒绝了请求：{ $said }（状态码 { $status }）。请确认 GITHUB_API_URL 是其 API 的地址。
error-github-timeout = { $host } 响应超时。请检查网络后重试。
error-github-tls = 无法与 { $host } 建立安全连接：{ $said }。如果使用的是公司自签证书，请将 SSL_CERT_FILE 设为公司根证书文件。
error-github-unreachable = 无法连接 { $host }：{ $said }。请检查网络、代理和 GITHUB_API_URL 后重试。
error-github-not-json = { $host } 返回的是 { $kind }，而不是 JSON。中间可能有代理或登录页面，也可能是 GITHUB_API_URL 有误：企业版服务器的地址是 https://HOST/api/v3。
error-github-unexpected = 无法理解 GitHub 的响应：{ $problem }。请重试；如果仍然失败，可填写以 .git 结尾的仓库地址，改由 git 读取。
error-github-too-large = { $host } 的一个响应超过 { $megabytes } MB，已放弃读取。可填写以 .git 结尾的仓库地址，改由 git 读取。
error-github-foreign-redirect = { $host } 指向了另一台主机 { $foreign }。令牌不能离开 { $host }，因此没有跟随。请检查 GITHUB_API_URL 以及仓库迁到了何处。
error-github-redirects = { $host } 的重定向陷入循环。请检查 GITHUB_API_URL 后重试。
error-github-incomplete = { $host } 只列出了 { $total } 个提交中的 { $listed } 个。请缩小范围，或填写以 .git 结尾的仓库地址，改由 git 读取。
error-github-rate-limit = GitHub 的请求额度已用完，{ $until }（UTC）才恢复，超出了 Commitcast 愿意等待的时间。{ $token_helps ->
    [yes] 设置 GITHUB_TOKEN 可将额度从每小时 60 次提高到 5,000 次；也可以到时再试。
   *[no] 请到时再试。
}
notice-github-rate-limit = 已达到 GitHub 的请求限制，将于 { $until }（UTC）继续，还需 { $seconds } 秒。{ $token_helps ->
    [yes] 在 GITHUB_TOKEN 中设置令牌，可将额度从每小时 60 次提高到 5,000 次。
   *[no] { "" }
}
notice-repository-renamed = { $before } 已更名为 { $after }，今后请使用新名称。

## 错误：聊天平台的设置

error-setting-slack-bot-token = { $name } 的值为“{ $value }”。请设为应用的 bot token，以 xoxb- 开头。
error-setting-slack-app-token = { $name } 的值为“{ $value }”。请设为应用级 token，以 xapp- 开头；也可以不设，改用 SLACK_SIGNING_SECRET。
error-setting-telegram-token = { $name } 的值为“{ $value }”。请设为 BotFather 给出的 token，形如 123456:ABC-DEF。
error-setting-public-url = { $name } 的值为“{ $value }”。请设为外网可以访问到 COMMITCAST_PORT 的 https:// 地址。
error-setting-port = { $name } 的值为“{ $value }”。请设为 1 到 65535 之间的端口号，0 表示不监听。
error-setting-grants = { $name } 的值为“{ $value }”。格式为 仓库=频道,频道，多条之间用 ; 分隔，例如 acme/*=slack:T012/C345; acme/secret=telegram:-100123。
error-not-granted = 没有名为 { $repository } 的公开仓库，请检查名称。如果它是私有仓库，机器人的管理员可以授权本频道读取：`COMMITCAST_PRIVATE_GRANTS="{ $repository }={ $channel }"`；仓库在已配置的 GitHub 主机上时，机器人的所有者也可以授权：`/grant { $repository } { $channel }`

## 错误：选项

error-option-unknown = 这里没有选项“{ $option }”。{ $nearest ->
    [none] { "" }
   *[other] 是想写 { $nearest }: 吗？
}选项写作“名称:值”，可用的有 { $allowed }。
error-option-value = { $option }: 的值不能是“{ $value }”。{ $option ->
    [branch] 请填写分支名或通配模式，例如 branch:main,release/*。
    [path] 请填写相对于仓库根目录的路径或通配模式，例如 path:src/**,*.py 或 -path:docs/。
    [author] 请填写作者的名字或邮箱，* 代表任意字符，bots 代表所有机器人，例如 author:"Ada Example" 或 -author:bots。
    [min] 请填写 min:low（低）、min:medium（中）或 min:high（高）。
    [at] 请填写 24 小时制的时间，例如 at:09:00。
    [tz] 请填写 IANA 时区名，例如 tz:Europe/Berlin 或 tz:Asia/Shanghai。
    [days] 请填写 days:每天、days:工作日、days:周末，或具体的日子，例如 days:周一,周三,周五 或 days:mon-thu。
    [history] 请填写 history:all（全部）或 history:first-parent（仅直接提交）。
    [quiet] 请填写 quiet:skip（不发）或 quiet:post（发一行）。
   *[lang] 请填写 lang:en、lang:zh，或其他语言的代码或名称。
}
error-option-many = { $option }: 最多接受 { $most } 个模式。请改用带 * 的更宽泛的模式。
error-option-exclude = 不能写 -{ $option }:，只有分支、路径和作者可以排除。请去掉减号。
error-option-twice = { $option }: 写了两次，请只写一次。

## 错误：Telegram

error-telegram-token = Telegram 不接受 TELEGRAM_BOT_TOKEN 中的 token。请到 @BotFather 重新复制（/mybots →“API Token”）。如果设置了 TELEGRAM_API_URL，请确认它是 Bot API 服务器的地址。
error-telegram-unreachable = 无法连接 Telegram：{ $said }。请检查网络、代理和 TELEGRAM_API_URL。
error-telegram-webhook = Telegram 不接受 { $url } 作为推送地址：{ $said }。请检查 COMMITCAST_PUBLIC_URL：必须是 https://，证书有效，端口为 443、80、88 或 8443。不设置时，机器人会主动拉取更新。
error-telegram-outcome = Telegram 没有确认是否收到请求：{ $said }。消息可能已经送达，因此不再重发。请看看消息是否已出现；如果没有，请重新执行命令。
error-telegram-forbidden = Telegram 不允许机器人在此聊天中发言：{ $said }。请解除对机器人的屏蔽，或重新将它加入聊天。
error-telegram-chat = 机器人找不到这个聊天。请将它加入聊天，或检查聊天的编号。
error-telegram-topic = 话题已关闭或删除。请重新打开，或到其他话题中执行命令。
error-telegram-rights = 机器人在此聊天中缺少权限：{ $said }。请管理员授予它发送消息和文件的权限；在频道中则需要发布消息的权限。
error-telegram-members = Telegram 没有告诉机器人谁是这里的管理员。请将机器人设为此聊天的管理员，然后重试。
error-telegram-busy = Telegram 要求机器人等待 { $seconds } 秒后再发送，请届时重试。
error-telegram-rejected = Telegram 拒绝了一个请求：{ $said }。请重试；如果仍然失败，请告知机器人的管理员。
error-telegram-moved = 群组已升级为超级群组，成了另一个聊天：{ $channel }。没有发送任何内容。
error-telegram-history = Telegram 不允许机器人查看聊天中已有的消息。

## Telegram

chat-telegram-button = 此按钮已失效。请用 /digest 重新获取摘要。

## 聊天命令

command-subscribe = 在此关注一个仓库
command-unsubscribe = 取消关注
command-subscriptions = 查看已关注的仓库和下次摘要时间
command-digest = 立即生成摘要：某一天、24h、7d 或某个范围
command-expand = 按编号或 SHA 展开某个提交的完整分析
command-analyze = 按链接分析任意提交、版本对比或 PR
command-report = 把某一天的完整报告作为文件发送
command-settings = 本聊天的语言、时区、时间、日期和最低重要程度
command-usage = 本聊天的模型用量与费用
command-help = 显示本列表
help-title = 命令
help-options = 选项
help-branch = `branch:main,release/*` — 关注的分支；默认为仓库的默认分支
help-path = `path:src/** -path:docs/**` — 只看（或排除）改动这些文件的提交
help-author = `author:ada -author:bots` — 只看（或排除）这些作者
help-min = `min:medium` — 最低重要程度：low、medium 或 high
help-at = `at:09:00` — 摘要时间
help-tz = `tz:Asia/Shanghai` — 摘要所用时区
help-quiet = `quiet:post` — 没有新提交的日子也发一行；默认不发
help-history = `history:first-parent` — 只显示直接落到分支上的提交，由合并带入的只计数
help-days = `days:weekdays` — daily、weekdays、weekends，或 mon,wed,fri
help-lang = `lang:zh` — 摘要和分析的语言
help-more = 单独发送提交链接即可分析；单独发送数字即可展开最近一份摘要中的对应提交。

progress-repository = 正在查找 { $name }
progress-commit = 正在分析 { $sha } …
report-sent = 完整报告：{ $title }
hint-no-model = 仅由规则生成。如需语言模型的分析，请联系机器人的管理员设置 OPENAI_API_KEY，或 OPENAI_BASE_URL 与 OPENAI_MODEL。

subscribed = 本频道已关注 { $repository }
subscribed-when = 摘要时间：{ $time }（{ $zone }），{ $days }；首次为 { $due }。
subscribed-what = 分支：{ $branches }，选项：{ $options }
subscribed-before = 此前已关注，选项为 { $options }，现已替换。
subscribed-now = 每份摘要涵盖上一份之后的全部新提交；首份涵盖此前 24 小时以及从现在起的全部提交。立即查看最近一天：{ $command }
stopped = { $repository } 的摘要已停止发送
stopped-how = 问题解决后，在该频道发送 { $command } 即可恢复，从上次截止处继续，不会遗漏。
unsubscribed = 本频道已取消关注 { $repository }。
subscriptions-none = 这里还没有关注任何仓库。可以这样开始：{ $command }
subscriptions-title = 已关注（{ $n }）
subscription = { $repository } — { $when } — { $options }
due-at = 预定时间 { $due }
due-late = 原定 { $due }，正在处理
due-posted = 仅在调用 commitcast post 时发送
subscription-stopped = { $repository } — 自 { $since } 起停止：{ $reason }发送 { $command } 即可恢复，从上次截止处继续
days-daily = 每天
days-weekdays = 工作日
days-weekends = 周末
settings-title = 本聊天的设置
settings-changed = 本聊天的设置（已更新）
settings-how = 修改方法：{ $command }。已关注的仓库不受影响；要应用新设置，请重新关注。
settings-model = 模型：{ $model }
setting-lang = 语言：{ $value }
setting-tz = 时区：{ $value }
setting-at = 摘要时间：{ $value }
setting-days = 发送日：{ $value }
setting-min = 最低重要程度：{ $value }

## 错误：命令

error-command-unknown = { $nearest ->
    [none] 没有“{ $command }”这个命令。发送 { $help } 查看全部命令。
   *[other] 没有“{ $command }”这个命令。是否想用 { $nearest }？发送 { $help } 查看全部命令。
}
error-subscribe-what = 请指定一个仓库：{ $command }
error-unsubscribe-what = 请只写仓库名：{ $command }
error-digest-what = 最多指定一个仓库和一个日期、时长或范围：{ $command }
error-expand-what = 请给出提交的编号或 SHA：{ $command }
error-analyze-what = 请给出一个提交：链接，或 owner/repo@SHA。{ $command }
error-settings-what = 请只写选项：{ $command }
error-which-repository = 这里关注了多个仓库：{ $repositories }。请指定一个：{ $command }
error-no-repository = 这里还没有关注仓库，请指定一个：{ $command }
error-no-digest-here = 这里还没有发布过摘要。可以现在生成：{ $command }
error-number-unknown = { $n ->
    [0] 最近一份摘要中没有提交。
   *[other] 该摘要中没有编号 { $number }，编号范围是 1 到 { $n }。
}
error-sha-not-here = 本频道的摘要和所关注的仓库中都没有提交“{ $sha }”。请写明仓库：{ $command }
error-digest-gone = 这份摘要已不再保留，或属于其他频道。其中的提交仍可单独分析：{ $command }
error-not-followed = 这里没有关注 { $repository }。已关注：{ $repositories }
error-nothing-followed = 这里没有关注 { $repository }，也没有关注任何其他仓库。
error-too-many-subscriptions = 本频道已关注 { $most } 个仓库，达到上限。请先取消关注其中一个。
error-may-not-manage = 你没有权限更改本频道关注的内容：Slack 访客不可以，Telegram 群组中只有管理员可以。请联系有权限的人。
error-pull-request-unsupported = 只能读取所配置的 GitHub 主机上的 PR。请改用提交链接或范围。
error-busy-channel = 本频道还有 { $n } 个命令正在执行。请等其中一个完成后再试。
error-busy = 当前执行中的命令过多，请一分钟后再试。
error-took-too-long = 执行 { $minutes } 分钟仍无结果，已停止。请重试；已完成的分析会保留，下次会更快。
error-internal = 发生了意外错误。机器人的管理员可以在日志中查看详情，请稍后重试。

## Slack：清单

error-slack-prefix = { $value } 不能用作斜杠命令的前缀。请使用不超过 { $most } 个小写字母、数字和单个连字符，例如 cc：/analyze 会变成 /cc-analyze。
error-slack-unfurl-host = { $value } 不是主机名。请填写 github.com 这样的名称，不带 https:// 和路径。
error-slack-unfurl-count = Slack 最多允许应用展开 { $most } 个主机的链接，而这里有 { $n } 个。请去掉一些。
error-slack-url = Slack 无法向 { $value } 发送请求。请填写机器人的公网 https:// 地址，不带查询参数。

## 错误：订阅

error-store-value = 无法读取 Redis 中 { $key } 的值：{ $reason }。它可能由更新的版本写入，请升级 Commitcast；如果是数据损坏，请在 Redis 中删除它，再到聊天里重新设置。
error-branches-none = { $repository } 中没有与 { $patterns } 匹配的分支。现有{ $more ->
    [0] { " " }{ $branches }。
   *[other] { " " }{ $branches } 等，另有 { $more } 个。
}
error-branches-many = { $patterns } 匹配了 { $repository } 的 { $n } 个分支，而一份摘要最多涵盖 { $most } 个，请缩小范围。

## 机器人进程与终端聊天

chat-terminal-welcome = 已在终端启动 Commitcast。输入 help 查看命令，输入 exit 或按 Ctrl-D 退出。
chat-terminal-controls = expand 编号：展开该提交的完整分析 · report：把完整报告写入文件
error-no-chat = 尚未配置任何聊天平台。请设置 SLACK_BOT_TOKEN 和 SLACK_APP_TOKEN，或 TELEGRAM_BOT_TOKEN，做法见 docs/slack.md 和 docs/telegram.md。不配置也可以用 commitcast chat 试用。
error-no-chat-left = 所有聊天平台都无法使用，原因见上文。请修正设置后重新启动。
error-slack-half = 已设置 SLACK_BOT_TOKEN，但缺少 SLACK_APP_TOKEN（Socket Mode）或 SLACK_SIGNING_SECRET（HTTP）。请设置其中之一，做法见 docs/slack.md。
error-port-taken = 端口 { $port } 无法使用：{ $reason }。请把 COMMITCAST_PORT 设为空闲端口。
error-pull-request-not-found = 该仓库没有编号为 { $number } 的 PR，请检查编号。

## Slack：控件与提示

control-expand = 展开
control-expand-commit = 展开某个提交
control-report = 完整报告
control-may-repeat = 这条消息可能会重复：前一次发送没有得到确认。
chat-slack-more = 讨论串中还有 { $n } 个提交
chat-slack-expand = 按编号展开任意提交：`/commitcast expand { $number }`

## 错误：Slack

error-slack-token = Slack 不接受 SLACK_BOT_TOKEN（{ $reason }）。请到 https://api.slack.com/apps 打开你的应用，从“OAuth & Permissions”重新复制 Bot User OAuth Token（xoxb-…）；如果应用已从工作区移除，请先重新安装。
error-slack-app-token = Slack 不接受用 SLACK_APP_TOKEN 建立连接（{ $reason }）。请到 https://api.slack.com/apps 打开你的应用，在“Basic Information”中生成带 connections:write 权限的应用级 token（xapp-…），并确认已启用 Socket Mode。不用 Socket Mode 时，请去掉它并设置 SLACK_SIGNING_SECRET。
error-slack-scope = Slack 应用缺少权限（{ $reason }）。请用 commitcast slack-manifest 输出的清单更新应用，再重新安装到工作区。
error-slack-not-invited = 机器人不是此频道的成员。请用 /invite 邀请它，然后重试。
error-slack-closed = 此频道已归档（{ $reason }）。请取消归档，或换一个频道。
error-slack-policy = 工作区或频道的规则不允许机器人在此发消息（{ $reason }）。请联系工作区管理员。
error-slack-gone = 要编辑的消息已不存在（{ $reason }）。请重新执行命令。
error-slack-blocks = Slack 不接受某条消息的排版（{ $reason }）。请重试；如果仍然失败，请告知机器人的管理员。
error-slack-busy = Slack 要求机器人等待 { $seconds } 秒后再发送，请届时重试。
error-slack-outage = Slack 报告服务异常（{ $reason }）。请过几分钟再试；详情见 https://slack-status.com 。
error-slack-unreachable = 无法连接 Slack：{ $said }。请检查网络、代理和 SLACK_API_URL。
error-slack-outcome = Slack 没有确认是否收到请求：{ $said }。消息可能已经送达，因此不再重发。如果没有出现，请重新执行命令。
error-slack-unexpected = 无法理解 Slack 的答复：{ $said }。中间可能有代理，或者 SLACK_API_URL 有误。
error-slack-rejected = Slack 拒绝了一个请求（{ $reason }）。请重试；如果仍然失败，请告知机器人的管理员。
error-slack-channel = “{ $value }”不是此工作区的频道。请填写频道 ID，例如 slack:C0123456789；在 Slack 的频道详情末尾可以看到。为整个组织安装的应用还要写明工作区：slack:T0123456789/C0123456789。
error-slack-lookup = Slack 未确认送达的那条消息之后，频道里的消息已超过 { $most } 条，因此不再继续查找。

## Slack

chat-slack-invite = 我不是这里的成员，所以只有你能看到这条回复。执行 /invite @{ $bot } 之后，大家都能看到，摘要也能发到这里。
chat-slack-invite-file = 我不是这里的成员，无法发送文件。请用 /invite @{ $bot } 邀请我，然后再试一次。
chat-slack-in-thread = 回复在该摘要的消息列中：{ $url }
chat-slack-button = 此控件已失效。请用 { $command } 重新获取摘要。
chat-slack-no-commit = 这条消息里没有提交链接。“Analyse commit”需要一个，例如 https://github.com/owner/repo/commit/SHA 。

## Telegram 消息

chat-telegram-continued = （续）
control-back = « 返回摘要
error-too-many-commits = 提交超过 { $most } 个，超出了聊天摘要的上限。请缩短时间或范围；命令行的 commitcast digest 不限数量。

error-repository-name-chat = “{ $value }”不是有效的仓库。请给出 owner/repo 或仓库地址。
error-commit-name-chat = “{ $value }”不是有效的提交。请给出提交链接，或 owner/repo@SHA。
error-compare-fork = “{ $value }”与另一个 fork 作比较，这里无法读取。请改用合并请求或提交的链接。
error-compare-base = “{ $value }”只有比较的一端。请写明两端：…/compare/A...B
chat-interrupted = 机器人正在重启，此命令未能完成。请一分钟后重试；已完成的分析会保留。

## 发送

error-digest-too-long = 生成摘要耗时过长，稍后会重试。
error-post-to = “{ $value }”不是频道。请填写 slack: 加频道 ID，例如 slack:C0123ABCD；或 telegram: 加聊天编号或名称，例如 telegram:-100123、telegram:@acme。
error-post-chat-off = { $platform ->
    [slack] 尚未配置 Slack，请设置 SLACK_BOT_TOKEN。
   *[telegram] 尚未配置 Telegram，请设置 TELEGRAM_BOT_TOKEN。
}
error-post-followed = 机器人已在该频道定时发送 { $repository } 的摘要。请在那里使用 /digest，或先 /unsubscribe。
error-post-claimed = 另一个进程正在发送这份摘要。请几分钟后再试，不会重复发送。

post-done = 已发送到 { $channel }：{ $repository } 的 { $n } 个提交。
post-quiet = { $repository } 没有新提交，未向 { $channel } 发送。
post-repeated = { $repository } 今天的摘要已发送到 { $channel }，无需重复。

## commitcast eval

evaluation-kinds = 类型：{ $commits } 个提交中 { $n } 个判断正确
evaluation-importance = 重要程度：{ $low } 个低于预期，{ $high } 个高于预期
evaluation-grave = 严重误判：{ $n ->
    [0] 无
   *[other] { $n } 个
}（危险的提交被评为低，或纯文档改动被评为高）
evaluation-overruled = 模型给出、被规则纠正的重要程度：{ $n } 个
evaluation-corrected = 需要重新请求的回复：{ $n } 条
evaluation-ungrounded = 有语句被剔除的分析：{ $n } 个
evaluation-tokens = token：发送 { $sent }（其中 { $kept } 命中服务端缓存），接收 { $received }
evaluation-failed = 未能分析：{ $n } 个（{ $reason }）
evaluation-list-grave = 严重误判（用例：预期 ≠ 实际）
evaluation-list-low = 重要程度偏低
evaluation-list-high = 重要程度偏高
evaluation-list-kinds = 类型与预期不符
error-evaluation-empty = { $path } 中没有已标注的提交（*.toml）。
error-evaluation-file = { $path } 不是有效的标注提交：{ $reason }
error-evaluation-no-model = 未配置模型。请设置 OPENAI_API_KEY 或 OPENAI_BASE_URL，或改用 { $command }。

## commitcast export、import 和 forget

data-entries = { $kind ->
    [subscriptions] { $n } 个订阅
    [defaults] { $n } 个聊天的设置
    [delivered] { $n } 份已发送的摘要
   *[others] { $n } 项其他数据
}
data-nothing = 无
export-done = 已导出：{ $entries }。
import-done = 已导入：{ $entries }。
forget-ask = { $channels } 现存：{ $entries }。确定全部永久删除吗？
forget-done = 已删除 { $channels } 的数据：{ $entries }。
error-forget-unknown = 没有“{ $channel }”的任何数据。聊天的名称以 commitcast export 的输出为准，例如 slack:T012/C345、telegram:-100123，话题则为 telegram:-100123/7。
error-forget-unsure = 当前不在终端中，无法请您确认。如确定要全部删除，请加上 { $option }。
error-import-terminal = 没有可导入的内容。请指定文件或通过管道输入：commitcast import FILE
error-import-input = 无法读取 { $path }：{ $reason }。
error-import-merge-and-replace = --merge 与 --replace 只能使用其一。
error-import-format = 这不是 Commitcast 的导出数据：其首行应标明格式 { $known }。未做任何更改。如果数据来自管道，请查看另一端的报错。
error-import-version = 这份导出数据的格式为 { $found }，当前版本只能读取 { $known }。未做任何更改。请用生成它的版本导入，然后再升级。
error-import-cut = 导出数据不完整：缺少结尾，或结尾之后还有内容。未做任何更改。请重新导出。
error-import-line = 无法读取导出数据的第 { $line } 行：{ $reason }。未做任何更改。
error-import-kind = 导出数据第 { $line } 行的数据类型“{ $kind }”不被当前版本支持。未做任何更改。请用生成它的版本导入。
error-import-value = 导出数据第 { $line } 行中 { $key } 的值不可用：{ $reason }。未做任何更改。
error-import-occupied = 存储中已有聊天数据。使用 --merge 会保留现有数据并补上缺少的部分；使用 --replace 会先清除现有数据。未做任何更改。
error-import-unfinished = 存储中留有一次未完成的导入，不能再合并其他数据。请重新执行那次导入，或使用 --replace。
error-store-importing = 正在向该存储导入数据，或者上一次导入没有完成。请等待导入结束，或重新执行导入。
error-store-newer = 该存储已被更新版本的 Commitcast 使用：数据版本为 { $found }，当前版本只支持到 { $known }。请升级 Commitcast。

## /usage

usage-title = 本聊天的 token 用量
usage-title-all = 所有聊天的 token 用量
usage-none = 最近三个月内，本聊天没有调用过模型。
usage-span = { $days ->
    [1] 今日
   *[other] 近 { $days } 天
}：发送 { $sent }（{ $share }% 命中服务端缓存），接收 { $received }，共 { $requests } 次请求
usage-by = 按仓库和模型统计（近 30 天）
usage-part = { $repository } · { $model }：{ $tokens }
usage-left-in-all = 今日总额度剩余 { $tokens } token（按 UTC 零点计日）
usage-left-of-a-channel = 本聊天今日额度剩余 { $tokens } token（按 UTC 零点计日）

## commitcast doctor

doctor-of-settings = 设置
doctor-of-zones = 时区
doctor-of-clock = 时钟
doctor-of-disk = 磁盘
doctor-of-git = git
doctor-of-store = 存储
doctor-of-github = GitHub
doctor-of-model = 模型
doctor-of-second-model = 备用模型
doctor-of-slack = Slack
doctor-of-telegram = Telegram
doctor-of-subscriptions = 订阅
doctor-sum = { $broken ->
    [0] 没有故障。
   *[other] 有 { $broken } 项故障。
}警告：{ $warning } · 提示：{ $note } · 正常：{ $fine }
doctor-late = { $seconds } 秒内没有响应。请检查网络和代理后重试。
doctor-crashed = 检查过程自身出错：{ $said }。请到项目主页反馈这一行信息。
doctor-settings = { $n ->
    [0] 未做任何设置，全部采用默认值。
   *[other] 已有 { $n } 项设置，均有效。
}
doctor-setting-unknown = { $name } 不是有效的设置名，不起作用。{ $is_close ->
    [yes] 是否应为 { $known }？
   *[no] 全部设置见 README。
}
doctor-setting-idle = 未设置 { $lacking } 时，{ $name } 不起作用。请补上前者，或去掉后者。
doctor-no-chat = 未设置 SLACK_BOT_TOKEN 或 TELEGRAM_BOT_TOKEN，commitcast run 没有可服务的聊天平台；其他命令不受影响。
doctor-port-none = Slack 或 Telegram 需要向本进程发送请求，但 COMMITCAST_PORT 为 0。请设为公网地址所指向的端口。
doctor-price-none = COMMITCAST_PRICES 中没有 { $model } 的价格，/usage 只能显示 token 数而没有费用。请补上 { $model }=…
doctor-env-open = 本机其他用户可以读取 .env 中的密钥。请执行：chmod 600 .env
doctor-zones = 时区数据版本：{ $version }。
doctor-zones-old = 时区数据版本为 { $version }，已经过旧；此后调整过时钟的地区，摘要会在错误的时刻发送。请更新系统的 tzdata 软件包。
doctor-zones-unknown = 无法得知时区数据的版本。
doctor-clock = 本机时钟与 { $host } 一致。
doctor-clock-wrong = 本机时钟比 { $host } { $side ->
    [ahead] 快
   *[behind] 慢
} { $seconds } 秒：摘要会在错误的时刻发送；相差超过 300 秒时，Slack 的请求会被拒绝。请开启时间同步：timedatectl set-ntp true
doctor-disk = { $folder }：剩余 { $megabytes } MB。
doctor-disk-full = { $folder }：仅剩 { $megabytes } MB。请清理空间，或将 COMMITCAST_DATA 指向更大的磁盘：空间不足时，数据和仓库镜像都无法写入。
doctor-disk-closed = { $folder } 不可写。请为运行 Commitcast 的用户授予写权限，或将 COMMITCAST_DATA 设为其他目录。
doctor-git = git { $version }
doctor-store = { $name } { $version }，{ $kind ->
    [embedded] 内嵌，数据位于 { $place }
   *[server] 地址 { $place }
}
doctor-store-old = 服务器版本为 { $version }。请使用 Redis { $oldest } 或更高版本，或使用 Valkey。
doctor-store-closed = 服务器不提供持久化和内存策略的信息（{ $reason }）。请自行确认其设置为 maxmemory-policy noeviction 和 appendonly yes。
doctor-store-policy = 内存写满时不会淘汰数据（{ $policy }）。
doctor-store-evicts = 当前 maxmemory-policy 为 { $policy }，内存写满时服务器会丢弃订阅。请设为：maxmemory-policy noeviction
doctor-store-evicts-some = 当前 maxmemory-policy 为 { $policy }，内存写满时服务器会丢弃已发送的摘要，以及防止重复发送的标记。请设为：maxmemory-policy noeviction
doctor-store-full = 服务器的 { $most } MB 内存已用 { $share }%，写满后将无法写入任何数据。请调大 maxmemory。
doctor-store-aof = 每次改动都会写入磁盘（appendonly）。
doctor-store-snapshots = 服务器只保存快照（save { $save }）：崩溃后会丢失最近的改动，摘要可能重复发送。请设为：appendonly yes
doctor-store-forgets = 服务器不向磁盘写入任何数据，重启后所有订阅都会丢失。请设为：appendonly yes
doctor-store-saves-unknown = 服务器没有写入追加日志，也未说明是否保存快照。请确认其数据在重启后仍然存在。
doctor-store-unsaved = 服务器上一次写盘失败（{ $what }）。请查看其日志和磁盘剩余空间。
doctor-github = { $host } 响应正常。
doctor-github-rate = 请求额度剩余 { $left }/{ $most }，{ $minutes } 分钟后重新计数。
doctor-github-rate-low = 请求额度仅剩 { $left }/{ $most }，{ $minutes } 分钟后重新计数。设置 GITHUB_TOKEN 可以提高额度；已设置时，请不要将该令牌用于其他用途。
doctor-github-unlimited = { $host } 不限制请求次数。
doctor-github-anonymous = 未设置 GITHUB_TOKEN：每小时只有 60 次请求，且无法读取私有仓库。请新建一个具有“Contents: read”权限的细粒度令牌。
doctor-github-token = 令牌有效。可读取的范围由 GitHub 上的设置决定：为各仓库授予“Contents: read”即可。
doctor-github-classic = 令牌有效：经典令牌，可读取私有仓库（{ $scopes }）。
doctor-github-public = 令牌有效：经典令牌，只能读取公开仓库（{ $scopes }）。要读取私有仓库，请新建具有“Contents: read”权限的细粒度令牌。
doctor-github-wide = 令牌的权限超出了读取所需（{ $scopes }）。具有“Contents: read”权限的细粒度令牌就足够了。
doctor-github-expires = 令牌将于 { $date } 到期，还有 { $days } 天。请及时更换。
doctor-model = { $model }（{ $server }）在 { $seconds } 秒内作答（{ $form ->
    [json_schema] 严格遵循 JSON Schema
    [json_object] JSON 模式
   *[text] 纯文本：服务端没有 JSON 模式，需要重新请求的回复会更多
}；{ $limit ->
    [unlimited] 不限长度
   *[other] { $limit }
}）。
doctor-model-none = 未配置模型，所有分析均由规则生成。要使用模型，请设置 OPENAI_API_KEY；使用自建服务时请设置 OPENAI_BASE_URL。
doctor-model-fails = { $model }（{ $server }）无法提供分析：{ $reason ->
    [unauthorized] 密钥未被接受。请检查 { $key }，并确认它属于 { $address } 所指的服务。
    [model-not-found] 服务端没有该模型。请检查 { $name } 和 { $address }；多数服务的地址以 /v1 结尾。
    [quota-exhausted] 额度已用完。请为账户充值，或更换 { $key }。
    [rate-limited] 服务端暂时不再接受请求。请稍后重试，或调低 COMMITCAST_LLM_CONCURRENCY。
    [unreachable] 无法连接服务端。请检查 { $address }、网络和代理。
    [timed-out] { $seconds } 秒内没有作答。自建服务可能仍在加载模型，请重试；如果一直这么慢，摘要就得等待它。
    [server-error] 服务端报错。请过几分钟再试，并查看其日志。
    [empty-reply] 回复为空。推理模型可能需要在服务端调大长度上限；否则请更换 { $name }。
    [cut-off] 回复不完整。请在服务端调大回复长度上限，或更换 { $name }。
    [refused] 连无害的问题也拒绝回答。请检查服务端的内容过滤，或更换 { $name }。
    [invalid-reply] 回复无法解析。请检查 { $address }，可能是代理在代为应答；或更换 { $name }。
   *[other] 服务端拒绝了请求。请检查 { $address } 和 { $name }。
}（服务端返回：{ $said }）
doctor-slack = 机器人 token 有效：{ $team } 中的 { $user }。
doctor-slack-scopes = 应用已具备所需的全部 { $n } 项权限。
doctor-slack-scopes-missing = 应用缺少权限：{ $scopes }。请用 commitcast slack-manifest 输出的清单更新应用，再重新安装到工作区。
doctor-slack-scopes-surplus = 应用具有不需要的权限（{ $scopes }）。commitcast slack-manifest 输出的清单中没有这些权限。
doctor-slack-scopes-unknown = Slack 的答复中没有应用的权限信息，可能被代理去掉了。
doctor-slack-socket = Socket Mode：应用级 token 有效。
doctor-slack-http = HTTP 模式：Slack 必须能够访问公网地址下的 { $path }。SLACK_SIGNING_SECRET 是否正确，要到收到第一个请求时才能知道。
doctor-telegram = token 有效：{ $name }。
doctor-telegram-privacy = 隐私模式已开启：机器人在群组中只能看到命令和对它的回复，这已足够。
doctor-telegram-reads-all = 隐私模式已关闭：机器人会收到群组中的所有消息，而它只需要命令。请在 @BotFather 用 /setprivacy 开启，再将机器人重新加入群组。
doctor-telegram-no-groups = 机器人无法加入群组。请在 @BotFather 用 /setjoingroups 允许。
doctor-telegram-polling = 机器人主动拉取更新，没有 webhook 妨碍。
doctor-telegram-webhook = Telegram 将更新推送到 { $host }。
doctor-telegram-webhook-unset = Telegram 尚未向 COMMITCAST_PUBLIC_URL 推送更新；commitcast run 启动时会完成设置。
doctor-telegram-webhook-elsewhere = Telegram 正将此机器人的更新推送到 { $host }，与当前设置不符。commitcast run 启动后会接管；如果另有程序仍在使用此机器人，请在 @BotFather 再建一个。
doctor-telegram-webhook-fails = Telegram 无法将更新推送到 { $host }：{ $said }。积压 { $n } 条。请确认机器人正在运行，并检查其前面的代理和证书。
doctor-subscriptions = { $n ->
    [0] 没有等待摘要的订阅。
   *[other] { $n } 个订阅可以正常收到摘要。
}
doctor-subscription-stopped = { $channel } 中的 { $repository } 自 { $since } 起不再收到摘要：{ $reason }问题解决后，请在该聊天中重新订阅。
doctor-subscription-chat-off = { $channel } 中的 { $repository } 收不到摘要：未设置 { $platform } 的 token。请补上，或用 commitcast forget 删除该聊天。
doctor-subscription-chat-closed = { $channel } 中的 { $repository } 收不到摘要：该聊天未获允许。请让所有者发送 /allow { $channel }，或在 COMMITCAST_ALLOWED_CHATS 中列出它，或用 commitcast forget 删除它。
doctor-subscription-zone = { $channel } 中的 { $repository } 收不到摘要：本机没有时区 { $zone }。请更新系统的 tzdata 软件包，或在该聊天中用其他 tz: 重新订阅。
doctor-subscriptions-more = 另有 { $n } 个订阅收不到摘要；解决上述问题后，commitcast doctor 会继续列出。
doctor-late-digests = 有摘要自 { $since } 起就应发送却未发送。请确认 commitcast run 正在运行，并查看其日志。

## Who may do what

owner-invitation = 这个机器人还没有所有者。在有所有者之前，或在设置 COMMITCAST_ALLOWED_CHATS 之前，它在 Telegram 上不服务任何聊天。首次启动后一天内，谁在私聊中把下面这条发给它，谁就成为所有者：/owner { $code }（在 Slack 上：/commitcast owner { $code }）
owner-welcome = 您现在是这个机器人的所有者。它已为本聊天服务；要让它服务其他聊天，请在那里发送 `/allow`，或在这里发送 { $allow }。私有仓库只在您授权的地方显示：{ $grant }
chat-closed = 这个机器人只服务其所有者允许的聊天，而本聊天不在其中。所有者可在此发送 `{ $prefix }allow`，或在别处发送 `{ $prefix }allow { $chat }`；机器人的管理员也可以设置 `COMMITCAST_ALLOWED_CHATS={ $chat }`。{ $is_waited_for ->
    [yes] 机器人还没有所有者：请发送 `{ $prefix }owner CODE`，其中 CODE 是它启动时写出的代码。
   *[no] { "" }
}
chat-allowed = 现在服务 `{ $chat }`。
chat-disallowed = 不再服务 `{ $chat }`。它关注的内容会保留，摘要暂停；要全部删除，请用 commitcast forget。
chats-title = 所服务的聊天
grants-title = 私有仓库及可读取它们的频道
grants-none = 没有任何允许或授权。
granted = `{ $channel }` 现在可以读取 `{ $repository }`，无论其是否私有。
revoked = `{ $channel }` 不能再读取 `{ $repository }`，除非它是公开的。
error-owner-what = 请在与机器人的私聊中发送它启动时写出的代码：{ $command }
error-owner-attempts = 一小时内已尝试 { $n } 次。请一小时后再用机器人启动时写出的代码重试。
error-owner-code = 代码不正确。代码只能使用一次，有效期一天；机器人已有所有者，或设置了 COMMITCAST_ALLOWED_CHATS 时，没有代码可用。请重新启动机器人，使用它届时写出的代码。
error-not-owner = 只有这个机器人的所有者可以这样做。
error-allow-what = “{ $value }”不是聊天。请给出一个聊天或匹配多个聊天的模式：{ $command }、slack:T012/C345；不写则指本聊天。
error-still-allowed = `{ $chat }` 仍在服务之列：COMMITCAST_ALLOWED_CHATS 或更宽的模式允许它；或者它在 Slack 上，而该设置没有列出任何 Slack 频道，Slack 便是开放的。
error-grant-what = 请给出已配置的 GitHub 主机上的一个仓库，若不是本频道还要给出频道：{ $command }。两者都可以含有 *。文件夹和其他主机只能通过 COMMITCAST_PRIVATE_GRANTS 授权。
error-commit-elsewhere = 在 { $repository } 中查过的分支、标签和未关闭的拉取请求里都没有提交“{ $name }”。代码托管平台也会在该名称下显示其派生仓库的提交，其中可能有私有的，因此这里不予显示。请给出它所属的仓库，或请人将 { $repository } 授权给本频道。
error-not-revoked = 没有以这样的写法把 `{ $repository }` 授权给 `{ $channel }`，或者它仍可凭更宽的模式或 COMMITCAST_PRIVATE_GRANTS 读取。不带参数的 grant 会列出现有授权。
error-too-many-commands = 您在一小时内已请求 { $n } 次摘要和分析，已达上限。请一小时后再试；机器人的管理员可以调高 COMMITCAST_HOURLY_COMMANDS_PER_USER。
error-setting-allowed-chats = { $name } 的值为“{ $value }”。请用逗号分隔各聊天，例如 telegram:-100123,slack:T012/C345；其中的 * 代表任意内容，单独一个 * 代表所有聊天。
error-setting-hourly-commands = { $name } 的值为“{ $value }”，应为不小于 1 的命令数。
error-setting-log-format = { $name } 的值为“{ $value }”，应为 readable（供人阅读）或 json（每行一个 JSON 对象）。
error-setting-log-level = { $name } 的值为“{ $value }”，应为 debug、info、warning 或 error。
help-owner = 所有者的命令
command-owner = 用机器人启动时写出的代码成为它的所有者
command-allow = 服务本聊天，或指定的聊天
command-disallow = 不再服务它
command-grant = 让本频道或指定的频道读取私有仓库；不带参数则列出现有授权
command-revoke = 收回授权

"""The vocabulary of commit titles: which word stands for which kind.

English and Chinese; conventional types, free verbs and gitmoji. Only tables: how they are read is
in `titles` and `kinds`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from analyzers.model import Kind


def word_set(line: str) -> frozenset[str]:
    """The words of a line, for tables that read better without quotation marks."""
    return frozenset(line.split())


def pattern_of(*phrases: str, others: tuple[str, ...] = ()) -> re.Pattern[str]:
    """One pattern for any of these phrases, in any case.

    Args:
        phrases: expressions of whole English words.
        others: expressions that stand without borders between words, as in Chinese.
    """
    whole_words = rf"\b(?:{'|'.join(phrases)})\b"
    return re.compile("|".join((whole_words, *others)), re.IGNORECASE)


def _table(words: Mapping[Kind, str]) -> Mapping[str, Kind]:
    return MappingProxyType({word: kind for kind, line in words.items() for word in line.split()})


TYPES = _table(
    {
        Kind.SECURITY: "security sec vuln 安全",
        Kind.FIX: "fix fixes fixed bug bugs bugfix bugfixes hotfix fixbug 修复 修正 缺陷",
        Kind.FEATURE: "feat feats feature features featue enh enhancement enhance improvement new "
        "add added 功能 新功能 新增 特性 新特性",
        Kind.PERFORMANCE: "perf performance optim optimize optimise optimization optimisation opt "
        "性能 优化",
        Kind.REFACTOR: "refactor refactoring refac refact cleanup clean rename move remove removed "
        "重构",
        Kind.REVERT: "revert rollback 回滚 回退",
        Kind.DEPENDENCIES: "deps dep dependencies dependency depsdev bump 依赖",
        Kind.TEST: "test tests testing ut unittest unittests e2e 测试 单测",
        Kind.DOCS: "docs doc documentation readme changelog 文档",
        Kind.BUILD: "build packaging 构建",
        Kind.CI: "ci cicd ci/cd ci/build build/ci workflow workflows",
        Kind.STYLE: "style styles lint format fmt formatting 格式 样式",
        Kind.RELEASE: "release 发布",
        Kind.CHORE: "chore chores misc minor housekeeping maintenance nit nits nfc wip draft tmp "
        "杂项",
    }
)
"""What may stand before a colon or in brackets as a declared type; lower case, without spaces,
hyphens or underscores."""

LEADING = _table(
    {
        Kind.FIX: "fix fixes fixed fixing fixup bugfix hotfix resolve resolves resolved repair "
        "correct corrects corrected prevent prevents avoid avoids ensure ensures handle handles "
        "guard restore workaround respect preserve stop escape sanitize reject tolerate cope keep "
        "require refuse bound quote pin follow-up followup "
        "corrige corrigé corriger arregla evita évite empêche corrigido behebt behebe behoben "
        "korrigiert korrigiere verhindert verhindere restringe исправлено исправлена исправлен "
        "исправить исправлены",
        Kind.FEATURE: "add adds added adding support supports supporting implement implements "
        "implemented introduce introduces enable enables allow allows create creates init "
        "initialize initialise initial expose exposes provide provides extend extends improve "
        "improves improved enhance enhances feature accept integrate include show display detect "
        "report validate return raise make let lets emit "
        "permite permet añade agrega añadir adiciona ajoute ajouter fügt füge erlaubt добавлено "
        "добавлена добавлен добавить",
        Kind.PERFORMANCE: "optimize optimizes optimise optimized speed accelerate speedup",
        Kind.REFACTOR: "refactor refactors refactored refactoring rename renames renamed move "
        "moves moved extract simplify simplifies clean cleanup remove removes removed removing "
        "delete deletes drop drops dropped restructure reorganize reorganise unify unifies migrate "
        "migrates tighten split replace replaces deduplicate dedupe rework rewrite consolidate "
        "inline deprecate tidy polish modernize decouple encapsulate elimina quita supprime "
        "supprimer entfernt entferne удалено удалить",
        Kind.REVERT: "revert reverts reverted reverting rollback reapply reland annule deshace "
        "desfaz",
        Kind.DOCS: "document documents documented doc docs",
        Kind.TEST: "test tests testing",
        Kind.STYLE: "format reformat lint",
        Kind.RELEASE: "release releasing",
    }
)
"""First words of a title that tell its kind; lower case."""

FILLERS = word_set(
    "a also just minor small tiny trivial quick quickly simple simply slightly super temporarily "
    "temporary try trying to partially further really again please initial first some more misc "
    "auto automatically properly correctly"
)
"""Words that may stand before the verb and say nothing of the kind."""

SMALL = word_set("minor small tiny trivial nit nits simple")
"""Fillers by which the author calls the change small."""

CHINESE = (
    (Kind.REVERT, ("回滚", "回退", "撤销", "还原")),
    (Kind.SECURITY, ("漏洞", "越权", "注入攻击")),
    (
        Kind.FIX,
        (
            "修复",
            "修正",
            "修改bug",
            "解决",
            "避免",
            "防止",
            "纠正",
            "不再",
            "減少误",
            "减少误",
            "対応漏れ",
        ),
    ),
    (Kind.DOCS, ("文档", "注释", "说明", "错别字")),
    (Kind.TEST, ("测试用例", "单元测试", "单测", "用例")),
    (Kind.RELEASE, ("发布", "发版")),
    (Kind.STYLE, ("格式化", "代码格式", "代码风格")),
    (Kind.REFACTOR, ("重构", "优化代码", "优化结构", "优化逻辑", "代码优化")),
    (
        Kind.REFACTOR,
        (
            "移除",
            "删除",
            "清理",
            "重命名",
            "调整",
            "整理",
            "拆分",
            "抽取",
            "迁移",
            "改名",
            "廃止",
            "削除",
        ),
    ),
    (Kind.FEATURE, ("优化体验", "优化界面", "优化提示", "优化显示", "优化日志", "优化交互")),
    (Kind.FEATURE, ("新增", "添加", "增加", "支持", "实现", "引入", "接入", "完善", "追加")),
    (Kind.PERFORMANCE, ("优化", "加速", "提速", "性能")),
    (Kind.DEPENDENCIES, ("升级",)),
)
"""Chinese has no word breaks: the first row with a phrase at the title's start decides, then the
first row with one anywhere."""

SPEED = pattern_of(
    r"perf(?:ormance)?",
    r"faster",
    r"speeds?[ -]?up",
    r"throughput",
    r"latency",
    r"(?:memory|cpu) (?:usage|footprint)",
    r"overhead",
    r"allocations?",
    r"contention",
    r"(?:micro-?)?optimi[sz]ations?",
    r"(?:unnecessary|redundant|extra) (?:cop(?:y|ies)|clones?)",
    r"zero-copy",
    others=("性能", "耗时", "吞吐", "延迟", "内存占用", "提速"),
)
"""What turns "improve", "reduce" or "avoid" into a change of performance."""

GITMOJI = MappingProxyType(
    {
        mark: kind
        for kind, line in {
            Kind.FIX: "🐛 🚑 🩹 ✏ :bug: :ambulance: :adhesive_bandage: :pencil2:",
            Kind.FEATURE: "✨ 🎉 🚸 👔 :sparkles: :tada: :children_crossing: :necktie:",
            Kind.PERFORMANCE: "⚡ 🐎 🧵 :zap: :racehorse: :thread:",
            Kind.REFACTOR: "♻ 🔥 🚚 🏗 🗑 ⚰ :recycle: :fire: :truck: :building_construction: "
            ":wastebasket: :coffin:",
            Kind.DOCS: "📝 📄 💡 📚 :memo: :page_facing_up: :bulb: :books:",
            Kind.TEST: "✅ 🧪 🤡 📸 :white_check_mark: :test_tube: :clown_face: :camera_flash:",
            Kind.SECURITY: "🔒 🛂 :lock: :passport_control:",
            Kind.RELEASE: "🔖 :bookmark:",
            Kind.STYLE: "🎨 🚨 💄 :art: :rotating_light: :lipstick:",
            Kind.CI: "💚 👷 :green_heart: :construction_worker:",
            Kind.DEPENDENCIES: "⬆ ⬇ 📌 ➕ ➖ :arrow_up: :arrow_down: :pushpin: :heavy_plus_sign: "
            ":heavy_minus_sign:",
            Kind.BUILD: "📦 :package:",
            Kind.CHORE: "🔧 🔨 🚧 🙈 :wrench: :hammer: :construction: :see_no_evil:",
            Kind.REVERT: "⏪ :rewind:",
            Kind.MERGE: "🔀 :twisted_rightwards_arrows:",
        }.items()
        for mark in line.split()
    }
)
"""The marks of gitmoji.dev that tell a kind, without their variation selectors."""

BREAKING_GITMOJI = frozenset({"💥", ":boom:"})
"""The gitmoji of a breaking change."""

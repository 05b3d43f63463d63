#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <millrace/context.hpp>
#include <millrace/params.hpp>

#include "plugins/label/keyword_index.hpp"
#include "plugins/label/keyword_rules.hpp"

namespace millrace::label {

/// The parameters that every operator with keyword rules has, members of a JSON object without its
/// braces.
inline constexpr std::string_view kKeywordParams = R"(
    "column": {"type": "string", "default": "text", "minLength": 1, "doc": "Name of the column with the texts."},
    "rules": {"type": "object", "additionalProperties": true,
      "doc": "The rule set: {label: [[keyword, type], ...], ...}. A type is a text that contains one or several of partially (the keyword stands anywhere in the text), start (the text begins with it), end (ends with it), absolutely and exactly (is it), or a list of these words."},
    "rules_file": {"type": "uri", "doc": "Address of the rule set as a JSON file, in place of `rules`; up to 64 MiB. It is read when the node begins."},
    "exactly": {"type": "string", "enum": ["equality", "ignored"], "default": "equality",
      "doc": "What the type exactly means: the same as absolutely, or nothing, as for a rule set whose author knew absolutely only."},
    "max_keywords": {"type": "integer", "default": 100000, "minimum": 1, "maximum": 1000000,
      "doc": "Rules that a rule set may have, and labels. A keyword may have 8,192 bytes, a label 1,024."})";

/// Says what is wrong with those parameters, as plan() does: exactly one of `rules` and
/// `rules_file`, and rules that can be read. Sets the traits "reads" and, where there is a file,
/// "blocking".
void plan_keywords(Context& context, const Params& params);

/// A rule set, and what is made of it.
struct CompiledKeywords {
  explicit CompiledKeywords(KeywordRules read)
      : rules{std::move(read)}, labels{rules, KeywordIndex::Target::Label} {}
  const KeywordRules rules;
  const KeywordIndex labels;
};

/// Reads and compiles the rule set of a node, once for all its instances: they share it, so all of
/// them have the same also when the file changes. Whoever comes first logs how many rules are
/// ignored, and counts them as `ignoredRules`. [any thread]
[[nodiscard]] std::shared_ptr<const CompiledKeywords> compiled_keywords(Context& context,
                                                                        const Params& params);

}  // namespace millrace::label

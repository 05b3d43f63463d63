// Makes recipes real: fetches each source once, applies the chains, stores the pictures and
// rewrites the records. The planner puts it in front of operators that need real pictures.
#include "plugins/augment/render.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/augment/example_png.hpp"
#include "plugins/augment/source_renderer.hpp"
#include "plugins/records/columns.hpp"

namespace millrace::augment {
namespace {

// The public address of the zone that a prefix is in; empty when it has none.
std::string_view public_base(const Params& params, std::string_view prefix) {
  constexpr std::string_view kScheme = "qiniu:///";
  if (!prefix.starts_with(kScheme)) return {};
  const auto path = prefix.substr(kScheme.size());
  return params["public_bases"][path.substr(0, path.find('/'))].string();
}

RenderSettings settings_of(const Params& params) {
  RenderSettings settings;
  settings.prefix = params.string("prefix");
  if (params.string("url_style") == "http") {
    settings.public_base = public_base(params, settings.prefix);
  }
  settings.limits = {params.integer("max_side"), params.integer("max_pixels")};
  settings.max_bytes = static_cast<std::uint64_t>(params.integer("max_bytes"));
  settings.boxes = {params.number("min_visibility"), params.string("box_mode") == "aabb"};
  settings.is_lossless = params.string("turns") != "decoded";
  return settings;
}

// The columns that change, row by row of the result.
class RowWriter {
 public:
  void keep(const RecipeRow& row, bool has_label) {
    append(row.row, row.url, row.label, has_label, row.record);
  }
  void replace(const RenderedRow& row, bool has_label) {
    append(row.row, row.url, row.label, has_label, row.record);
  }

  Batch finish(const Batch& batch) && {
    Builder<std::string_view> no_ops;
    for (std::size_t i = 0; i < rows_.size(); ++i) no_ops.append_null();
    return batch.take(rows_)
        .with(records::kUrl, std::move(urls_))
        .with(records::kLabel, std::move(labels_))
        .with(records::kRecord, std::move(records_))
        .with(records::kOps, std::move(no_ops));
  }

 private:
  void append(std::int64_t row, std::string_view url, std::string_view label, bool has_label,
              std::string_view record) {
    rows_.push_back(row);
    urls_.append(url);
    has_label ? labels_.append(label) : labels_.append_null();
    records_.append(record);
  }

  std::vector<std::int64_t> rows_;
  Builder<std::string_view> urls_, labels_, records_;
};

class Render final : public Operator {
 public:
  static constexpr auto kName = "augment.render";
  static constexpr auto kRole = Role::Augment;
  static constexpr auto kDoc =
      "Makes the pictures that augment nodes have only described: fetches and decodes every source "
      "once, applies the chains "
      "of all its copies, encodes and stores each result once, and moves the boxes of its labels "
      "along. JPEGs that are only "
      "turned or mirrored are not decoded at all where that is exact. Records that were not "
      "generated pass unchanged. The "
      "planner inserts this operator where it is needed.";
  static constexpr auto kParams = R"({
    "prefix": {"type": "uri", "form": "prefix", "access": "write", "mandatory": true,
               "doc": "Where the pictures are stored."},
    "max_side": {"type": "integer", "default": 30000, "minimum": 1, "maximum": 65500, "unit": "pixel",
                 "doc": "Longest side of a picture, of the source and after every operation."},
    "max_pixels": {"type": "integer", "default": 150000000, "minimum": 1, "maximum": 1000000000, "unit": "pixel",
                   "doc": "Most pixels of a picture, of the source and after every operation."},
    "max_bytes": {"type": "integer", "default": 67108864, "minimum": 1, "maximum": 2147483647, "unit": "byte",
                  "doc": "Largest file of a source picture."},
    "min_visibility": {"type": "number", "default": 0.1, "minimum": 0, "maximum": 1,
                       "doc": "Share of its area that a box must keep when it is clipped; one that keeps less goes."},
    "box_mode": {"type": "string", "default": "polygon", "enum": ["polygon", "aabb"],
                 "doc": "polygon keeps the corners of a box; aabb replaces a moved box by its upright bounding rectangle."},
    "url_style": {"type": "string", "default": "qiniu", "enum": ["qiniu", "http"],
                  "doc": "Which address of a stored picture its record gets: that of the store, or one below the public base of its zone."},
    "public_bases": {"type": "object", "default": {}, "additionalProperties": {"type": "string"},
                    "doc": "For http addresses: what stands before /bucket/key, e.g. https://pictures.example.com."},
    "turns": {"type": "string", "default": "auto", "enum": ["auto", "lossless", "decoded"],
              "doc": "auto and lossless turn JPEGs without decoding where that is exact; decoded never does. The planner says lossless where nothing but turns can arrive."}
  })";
  static constexpr auto kTraits = R"({
    "replicable": true, "blocking": true, "grain": 4,
    "reads": {"@root": "int64", "url": "utf8", "type": "utf8", "label": "utf8", "record": "utf8", "identity": "utf8",
              "file": "utf8", "line": "int64", "ops": "utf8"},
    "examples": [{
      "params": {"prefix": "qiniu:///z0/out/pictures"},
      "rows": {"@root": [0, 0, 1], "url": ["qiniu:///z0/in/a.png", "qiniu:///z0/in/a.png", "qiniu:///z0/in/none.png"],
               "type": ["image", "image", "image"],
               "label": ["{\"class\":{\"kind\":\"dot\"}}", null, null],
               "record": ["{\"url\":\"qiniu:///z0/in/a.png\",\"label\":{\"class\":{\"kind\":\"dot\"}}}",
                          "{\"url\":\"qiniu:///z0/in/a.png\"}", "{\"url\":\"qiniu:///z0/in/none.png\"}"],
               "identity": ["qiniu:///z0/in/a.png#source:1", "qiniu:///z0/in/a.png#source:1#turn:0",
                            "qiniu:///z0/in/none.png#source:2#turn:0"],
               "file": ["qiniu:///z0/in/list", "qiniu:///z0/in/list", "qiniu:///z0/in/list"],
               "line": [1, 1, 2], "ops": [null, "flip", "flip"]},
      "objects": {"qiniu:///z0/in/a.png": {"base64": ")" MR_EXAMPLE_PNG R"("}}
    }]
  })";

  static void plan(Context& context, const Params& params) {
    if (params.string("url_style") != "http") return;
    const auto prefix = params.string("prefix");
    if (!prefix.starts_with("qiniu:///")) {
      context.fault("parameter_value", "/prefix",
                    "http addresses can only be given to pictures below qiniu:///");
    } else if (public_base(params, prefix).empty()) {
      context.fault("parameter_missing", "/public_bases",
                    "http addresses need the public base of the zone in: " + prefix);
    }
  }

  explicit Render(const Params& params) : renderer_{settings_of(params)} {}

  void process(Context& context, Batch batch) override {
    const auto ops = batch.column<std::string_view>(records::kOps);
    const auto rows = read_rows(batch);
    bool has_recipes = false;
    for (const auto& row : rows) has_recipes |= ops[row.row].has_value();
    if (!has_recipes) return context.emit(std::move(batch));

    std::vector<RenderedRow> rendered;
    std::vector<RecipeRow> recipes;
    for (const auto& row : rows) {
      if (!ops[row.row]) continue;
      if (!recipes.empty() && recipes.front().url != row.url) render(context, recipes, rendered);
      recipes.push_back(row);
    }
    if (!recipes.empty()) render(context, recipes, rendered);
    std::sort(rendered.begin(), rendered.end(),
              [](const auto& a, const auto& b) { return a.row < b.row; });
    context.emit(join(batch, rows, rendered));
  }

 private:
  void render(Context& context, std::vector<RecipeRow>& recipes,
              std::vector<RenderedRow>& rendered) {
    renderer_.render(context, recipes, rendered);
    recipes.clear();
  }

  static std::vector<RecipeRow> read_rows(const Batch& batch) {
    const auto url = batch.column<std::string_view>(records::kUrl);
    const auto type = batch.column<std::string_view>(records::kRecordType);
    const auto label = batch.column<std::string_view>(records::kLabel);
    const auto record = batch.column<std::string_view>(records::kRecord);
    const auto identity = batch.column<std::string_view>(records::kIdentity);
    const auto ops = batch.column<std::string_view>(records::kOps);
    const auto file = batch.column<std::string_view>(records::kFile);
    const auto line = batch.column<std::int64_t>(records::kLine);
    std::vector<RecipeRow> rows;
    rows.reserve(static_cast<std::size_t>(batch.rows()));
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      rows.push_back({row, url.value(row), type.value(row), label.value(row), record.value(row),
                      identity.value(row), ops.value(row), file.value(row), line.value(row)});
    }
    return rows;
  }

  // All rows in their order: originals as they came, generated ones where they could be made.
  static Batch join(const Batch& batch, const std::vector<RecipeRow>& rows,
                    const std::vector<RenderedRow>& rendered) {
    const auto ops = batch.column<std::string_view>(records::kOps);
    const auto label = batch.column<std::string_view>(records::kLabel);
    RowWriter writer;
    auto next = rendered.begin();
    for (const auto& row : rows) {
      const bool has_label = label[row.row].has_value();
      if (!ops[row.row]) {
        writer.keep(row, has_label);
      } else if (next != rendered.end() && next->row == row.row) {
        writer.replace(*next++, has_label);
      }
    }
    return std::move(writer).finish(batch);
  }

  SourceRenderer renderer_;
};

}  // namespace

OperatorDefinition define_render() { return detail::define<Render>(); }

}  // namespace millrace::augment

#include "tests/plugins_augment/operator_fixture.hpp"

#include <catch2/catch.hpp>

#include "plugins/records/columns.hpp"
#include "plugins/records/identity.hpp"
#include "plugins/records/raw_json.hpp"
#include "plugins/records/record.hpp"
#include "tests/plugins_augment/pictures.hpp"

namespace millrace::augment::testing {

const std::vector<std::string> kPulp{
    R"({"url":"qiniu:///z0/in/img/a.png","type":"image","label":{"class":{"pulp":"normal","terror":"normal"},"detect":{"general_d":{"bbox":[{"class":"dog","pts":[[10,20],[30,20],[30,40],[10,40]]}]}},"facecluster":"c1"}})",
    R"({"url":"qiniu:///z0/in/img/b.png","type":"image","label":{"class":{"pulp":"sexy"},"detect":{"general_d":{"bbox":[{"class":"cat","pts":[[0,0],[50,0],[50,30],[0,30]]},{"class":"dog","pts":[[60,10],[90,10],[90,50],[60,50]]}]}},"facecluster":"c1"}})",
    R"({"url":"qiniu:///z0/in/img/c.png","type":"image","label":{"class":{"pulp":"pulp"},"facecluster":"c2"}})",
    R"({"url":"qiniu:///z0/in/img/d.png","type":"image","label":{"class":{"pulp":"normal"}}})",
    R"({"url": "http://any_url", "type": "image", "label": {"facecluster": "人脸1", "detect": {"general_d": {"bbox": [[[10, 20], [21, 31], [81, 91]], "class": "dog"}]}}, "class": {"terror": "terror", "pulp": "sexy", "general": "dog"}}})",
    R"({"url":"qiniu:///z0/in/img/e.png","type":"image","x-note":"keep me","label":{"class":{"pulp":"sexy"},"facecluster":"c1"}})",
    R"({"url":"qiniu:///z0/in/img/f.png","type":"image"})"};

Batch rows_of(const std::vector<std::string>& lines, std::string_view input) {
  Builder<std::int64_t> root, line_number;
  Builder<std::string_view> url, type, label, record_text, identity, file, ops;
  records::RecordReader reader;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    records::Record record;
    if (reader.read(lines[i], record)) continue;
    const auto number = static_cast<std::int64_t>(i + 1);
    root.append(number);
    url.append(record.url);
    type.append(record.type);
    record.label.empty() ? label.append_null() : label.append(record.label);
    record_text.append(record.line);
    identity.append(records::identity(record.url, input, number));
    file.append("qiniu:///z0/in/pulp.jsonlist");
    line_number.append(number);
    ops.append_null();
  }
  return Batch{}
      .with(kRootColumn, std::move(root))
      .with(records::kUrl, std::move(url))
      .with(records::kRecordType, std::move(type))
      .with(records::kLabel, std::move(label))
      .with(records::kRecord, std::move(record_text))
      .with(records::kIdentity, std::move(identity))
      .with(records::kFile, std::move(file))
      .with(records::kLine, std::move(line_number))
      .with(records::kOps, std::move(ops));
}

OperatorHarness node(std::string_view id, std::string_view params, std::string_view name,
                     std::uint64_t seed) {
  millrace::testing::HarnessOptions options;
  options.library = MR_BINARY_DIR "/lib/millrace/plugins/augment.so";
  options.node = name;
  options.seed = seed;
  return OperatorHarness{id, params, options};
}

Batch through(OperatorHarness& harness, Batch rows) {
  for (const auto& fault : harness.faults())
    FAIL(fault.kind << " " << fault.pointer << " " << fault.message);
  const auto status = harness.push(std::move(rows));
  INFO(status.message());
  REQUIRE(status.ok());
  return harness.table();
}

Batch applied_rows(Batch rows, std::string_view params, std::string_view name, std::uint64_t seed) {
  auto harness = node("augment.apply", params, name, seed);
  auto out = through(harness, std::move(rows));
  return out;
}

OperatorHarness renderer(std::string_view prefix, std::string_view more_params) {
  std::string params = R"({"prefix": ")" + std::string{prefix} + "\"";
  if (!more_params.empty()) params += ", " + std::string{more_params};
  auto harness = node("augment.render", params + "}", "result.render");
  for (int i = 0; i < 6; ++i) {
    const std::string name{static_cast<char>('a' + i)};
    harness.put_object("qiniu:///z0/in/img/" + name + ".png",
                       encoded(scene({100, 60}, 3, i + 1), ".png"));
  }
  return harness;
}

std::vector<std::string> texts(const Batch& rows, std::string_view column) {
  std::vector<std::string> values;
  if (rows.rows() == 0) return values;
  const auto read = rows.column<std::string_view>(column);
  for (std::int64_t row = 0; row < read.size(); ++row)
    values.emplace_back(read[row].value_or("null"));
  return values;
}

std::string member(std::string_view record, std::string_view key) {
  return std::string{records::raw::find_member(record, key)};
}

std::string points(std::string_view record, std::size_t n) {
  std::size_t at = 0;
  for (std::size_t i = 0; i <= n; ++i) {
    at = record.find("\"pts\":", at);
    if (at == std::string_view::npos) return {};
    at += 6;
  }
  return std::string{record.substr(at, records::raw::skip_value(record, at) - at)};
}

}  // namespace millrace::augment::testing

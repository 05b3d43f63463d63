#include "plugins/sql/output_state.hpp"

#include <charconv>
#include <numeric>

#include <nlohmann/json.hpp>

#include <millrace/context.hpp>
#include <millrace/row_codec.hpp>

namespace millrace::sql_operators {

namespace {

// States are texts.
std::string hex_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

std::string bytes_of(std::string_view text) {
  std::string bytes(text.size() / 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    const char* const digits = text.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2)
      throw Failure{MR_DATA_INVALID, "a row is not in hexadecimal digits"};
    bytes[i] = static_cast<char>(value);
  }
  return bytes;
}

}  // namespace

std::string write_state(const OutputState& state) {
  nlohmann::json json{{"seen", state.seen}};
  if (state.position) json["position"] = *state.position;
  if (!state.window) return json.dump();
  json["window"] = *state.window;
  auto& rows = json["rows"] = nlohmann::json::array();
  std::size_t bytes = 0;
  for (const Batch& batch : state.rows) {
    json["schema"] = schema_text(batch.schema());
    const RowEncoder encoder{batch};
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      std::string encoded;
      encoder.append(encoded, row);
      bytes += encoded.size();
      if (bytes > OutputState::kMostBytes) {
        throw Failure{MR_UNAVAILABLE,
                      "the rows of the window that is not whole yet are too many for a state"};
      }
      rows.push_back(hex_of(encoded));
    }
  }
  return json.dump();
}

OutputState read_state(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    OutputState state;
    state.seen = json.at("seen").get<std::int64_t>();
    if (json.contains("position")) state.position = json["position"].get<std::int64_t>();
    if (!json.contains("window")) return state;
    state.window = json["window"].get<std::int64_t>();
    if (!json.contains("schema")) return state;
    Schema schema = read_schema_text(json["schema"].get<std::string>());
    std::vector<std::size_t> places(schema.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    RowDecoder decoder{std::move(schema)};
    for (const auto& row : json.at("rows")) decoder.add(bytes_of(row.get<std::string>()), places);
    if (decoder.rows() > 0) state.rows.push_back(decoder.take());
    return state;
  } catch (const nlohmann::json::exception& wrong) {
    throw Failure{MR_DATA_INVALID,
                  std::string{"the checkpoint of output.sql is not readable: "} + wrong.what()};
  }
}

}  // namespace millrace::sql_operators

#include "api/engine/row_text.hpp"

#include <catch2/catch.hpp>

#include "engine/base/quoted.hpp"

using namespace millrace;
using api::RowText;

TEST_CASE("rows are written member by member, documents as they are", "[api][engine][row]") {
  Builder<std::int64_t> ids, times{Type::Timestamp};
  Builder<std::string_view> names, states, documents;
  ids.append(-7);
  ids.append_null();
  times.append(1'785'585'600'123'000);
  times.append_null();
  names.append("a \"quoted\" \xe4\xba\xba\n");
  names.append("plain");
  states.append("");
  states.append_null();
  documents.append(R"({"a":[1, 2]})");
  documents.append_null();
  Batch rows;
  rows = std::move(rows).with("id", std::move(ids));
  rows = std::move(rows).with("time", std::move(times));
  rows = std::move(rows).with("name", std::move(names));
  rows = std::move(rows).with("state", std::move(states));
  rows = std::move(rows).with("document", std::move(documents));

  const std::vector<RowText::Member> members{{"number", "id", RowText::As::Number},
                                             {"at", "time", RowText::As::Time},
                                             {"name", "name", RowText::As::Text},
                                             {"state", "state", RowText::As::MaybeText},
                                             {"document", "document", RowText::As::Document}};
  const RowText writer{rows, members};
  std::string text;
  writer.append(text, 0);
  CHECK(text ==
        "{\"number\":-7,\"at\":\"2026-08-01T12:00:00.123Z\",\"name\":\"a \\\"quoted\\\" "
        "\xe4\xba\xba\\n\","
        "\"state\":null,\"document\":{\"a\":[1, 2]}}");
  text.clear();
  writer.append(text, 1);
  CHECK(text == R"({"number":null,"at":null,"name":"plain","state":null,"document":null})");
}

TEST_CASE("text is quoted whatever it holds", "[api][engine][row]") {
  const auto quoted = [](std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
  };
  CHECK(quoted("") == "\"\"");
  CHECK(quoted("a\\b") == R"("a\\b")");
  CHECK(quoted(std::string_view{"\0", 1}) == "\"\\u0000\"");
  CHECK(quoted("\xff") == "\"\xef\xbf\xbd\"");
}

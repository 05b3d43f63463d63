#include "engine/base/secret_texts.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("secrets are hidden in a text, the longest first", "[base][secrets]") {
  SecretTexts secrets;
  CHECK(secrets.hide("as it is") == "as it is");
  secrets.add("abcd");
  secrets.add("abcde");
  secrets.add("abc");  // too short to be told from any other text
  secrets.add_all(Json::parse(R"({"name": ["value", 5, {"more": "other"}]})"));
  CHECK(secrets.hide("xabcdex abcd abc value name other") == "x***x *** abc *** name ***");
  CHECK(secrets.hide("abcdabcd") == "******");
  CHECK(secrets.hide("").empty());
}

TEST_CASE("a bounded number of secrets is looked for", "[base][secrets]") {
  SecretTexts secrets;
  for (std::size_t i = 0; i < SecretTexts::kMost; ++i) secrets.add("secret" + std::to_string(i));
  secrets.add("one too many");
  CHECK(secrets.hide("one too many") == "one too many");
}

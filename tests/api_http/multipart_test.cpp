#include "api/http/multipart.hpp"

#include <chrono>

#include <catch2/catch.hpp>

using namespace millrace;
using namespace millrace::http;

namespace {

struct Part {
  PartHead head;
  std::string data;
  bool has_ended = false;
};

struct Parsed {
  std::vector<Part> parts;
  std::optional<Error> error;
};

Parsed parse(std::string_view body, std::size_t piece = 1 << 20, MultipartLimits limits = {},
             std::string_view type = "multipart/form-data; boundary=B") {
  Parsed parsed;
  PartSink sink{.begin = [&](const PartHead& head) -> Result<void> {
                  parsed.parts.push_back({.head = head, .data = {}});
                  return {};
                },
                .data = [&](std::string_view bytes) -> Result<void> {
                  parsed.parts.back().data += bytes;
                  return {};
                },
                .end = [&]() -> Result<void> {
                  parsed.parts.back().has_ended = true;
                  return {};
                }};
  auto parser = MultipartParser::open(type, std::move(sink), limits);
  if (!parser.ok()) {
    parsed.error = parser.error();
    return parsed;
  }
  for (std::size_t at = 0; at < body.size(); at += piece)
    if (auto fed = parser->feed(body.substr(at, piece)); !fed.ok()) {
      parsed.error = fed.error();
      return parsed;
    }
  if (auto finished = parser->finish(); !finished.ok()) parsed.error = finished.error();
  return parsed;
}

constexpr std::string_view kForm =
    "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--B \t\r\n"
    "content-disposition: form-data; name=\"f\"; filename=\"x \\\"y\\\".png\"\r\nContent-Type: "
    "image/png\r\n\r\n"
    "\r\n--\r\n--A\r\n\r\n--B\r\nContent-Disposition: form-data; "
    "name=empty\r\n\r\n\r\n--B--\r\nepilogue";

}  // namespace

TEST_CASE("a form is read the same in pieces of any size", "[http][multipart]") {
  for (std::size_t piece = 1; piece < kForm.size() + 1; ++piece) {
    const auto parsed = parse(kForm, piece);
    REQUIRE_FALSE(parsed.error);
    REQUIRE(parsed.parts.size() == 3);
    CHECK(parsed.parts[0].head.name == "a");
    CHECK_FALSE(parsed.parts[0].head.filename);
    CHECK(parsed.parts[0].data == "one");
    CHECK(parsed.parts[1].head.filename == "x \"y\".png");
    CHECK(parsed.parts[1].head.headers.get("content-type") == "image/png");
    CHECK(parsed.parts[1].data == "\r\n--\r\n--A\r\n");
    CHECK(parsed.parts[2].head.name == "empty");
    CHECK(parsed.parts[2].data.empty());
    CHECK(parsed.parts[2].has_ended);
  }
}

TEST_CASE("data of a part is the same wherever pieces and almost-boundaries meet",
          "[http][multipart]") {
  std::string data;
  for (int i = 0; i < 40; ++i) data += "\r\n-\r\r\n--\r\n--A\r\n--b--\r\n--" + std::string(i, 'x');
  const auto body = "--B\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n" + data +
                    "\r\n--B\r\nContent-Disposition: form-data; name=g\r\n\r\nend\r\n--B--";
  for (std::size_t piece = 1; piece < body.size() + 1; ++piece) {
    const auto parsed = parse(body, piece);
    REQUIRE_FALSE(parsed.error);
    REQUIRE(parsed.parts.size() == 2);
    REQUIRE(parsed.parts[0].data == data);
    REQUIRE(parsed.parts[1].data == "end");
  }
}

TEST_CASE("a form without its closing boundary is not whole", "[http][multipart]") {
  CHECK(parse("").error->code == Code::DataInvalid);
  CHECK(parse(kForm.substr(0, kForm.find("--B--"))).error->code == Code::DataInvalid);
  CHECK(parse("--B--").parts.empty());
  CHECK_FALSE(parse("--B--").error);
}

TEST_CASE("broken parts are data faults", "[http][multipart]") {
  for (const auto* body : {"--Bx\r\n\r\n", "--B\r\n\r\nno disposition\r\n--B--",
                           "--B\r\nContent-Disposition: form-data\r\n\r\n\r\n--B--",
                           "--B\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--B--",
                           "--B\r\nno colon\r\n\r\n\r\n--B--",
                           "--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\n\r\n--B--",
                           "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: "
                           "form-data; name=b\r\n\r\n\r\n--B--",
                           "--B\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n\r\n--B--"}) {
    const auto parsed = parse(body);
    REQUIRE(parsed.error);
    CHECK(parsed.error->code == Code::DataInvalid);
  }
}

TEST_CASE("limits on parts, heads and names are kept", "[http][multipart]") {
  const std::string part =
      "--B\r\nContent-Disposition: form-data; name=\"abc\"; filename=\"abcdef\"\r\n\r\nx\r\n";
  const auto code = [&](MultipartLimits limits) {
    const auto parsed = parse(part + part + "--B--", 5, limits);
    return parsed.error ? std::optional{parsed.error->code} : std::nullopt;
  };
  CHECK_FALSE(code({}));
  CHECK(code({.parts = 1}) == Code::Exhausted);
  CHECK(code({.head_bytes = 20}) == Code::Exhausted);
  CHECK(code({.name_bytes = 2}) == Code::Exhausted);
  CHECK(code({.filename_bytes = 5}) == Code::Exhausted);
  CHECK(parse("--B" + std::string(20'000, ' '), 7).error->code == Code::DataInvalid);
}

TEST_CASE("a form of many parts that comes in one piece takes linear time", "[http][multipart]") {
  std::string form;
  for (int i = 0; i < 20'000; ++i)
    form += "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + std::string(150, 'x') +
            "\r\n";
  form += "--B--\r\n";
  const auto begun = std::chrono::steady_clock::now();
  const auto parsed = parse(form, form.size(), {.parts = 20'000});
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{10});
  CHECK_FALSE(parsed.error);
  CHECK(parsed.parts.size() == 20'000);
  CHECK(parsed.parts.back().data == std::string(150, 'x'));
}

TEST_CASE("the type must be a form with a boundary", "[http][multipart]") {
  for (const auto* type : {"", "text/plain", "multipart/form-data",
                           "multipart/form-data; boundary=", "multipart/mixed; boundary=B",
                           "multipart/form-data; boundary=\"B"})
    CHECK(parse("", 1, {}, type).error->code == Code::InvalidArgument);
  CHECK(parse("", 1, {}, "multipart/form-data; boundary=" + std::string(71, 'x')).error->code ==
        Code::InvalidArgument);
  CHECK_FALSE(
      parse("--a b--", 1, {}, "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"").error);
}

TEST_CASE("an error of the sink stops the parser", "[http][multipart]") {
  PartSink sink{.begin = [](const PartHead&) -> Result<void> {
                  return Error{Code::Io, "disk full"};
                },
                .data = {},
                .end = {}};
  auto parser = MultipartParser::open("multipart/form-data; boundary=B", std::move(sink));
  REQUIRE(parser.ok());
  const auto fed = parser->feed("--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx");
  REQUIRE_FALSE(fed.ok());
  CHECK(fed.error().code == Code::Io);
  CHECK_FALSE(parser->feed("more").ok());
  CHECK_FALSE(parser->finish().ok());
}

#include "engine/store/uri.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/utf8.hpp"
#include "engine/store/blobs.hpp"
#include "engine/store/http_uri.hpp"

using namespace millrace;
using namespace std::string_literals;

namespace {

// Returns the machine word of the fault, or "ok".
std::string word(const Result<Uri>& parsed) {
  if (parsed.ok()) return "ok";
  CHECK(parsed.error().code == Code::InvalidArgument);
  CHECK(is_utf8(parsed.error().message));
  CHECK_FALSE(has_control_character(parsed.error().message));
  return parsed.error().detail;
}

std::string of_file(std::string_view text) { return word(parse_uri(text)); }
std::string of_prefix(std::string_view text) { return word(parse_prefix(text)); }

}  // namespace

TEST_CASE("a qiniu address has zone, bucket and key", "[store][uri]") {
  const auto uri = parse_uri("qiniu:///z0/my.Bucket_1/photos/2024/图 1.jpg");
  REQUIRE(uri.ok());
  CHECK(uri->scheme == Uri::Scheme::Qiniu);
  CHECK(uri->zone == "z0");
  CHECK(uri->bucket == "my.Bucket_1");
  CHECK(uri->key == "photos/2024/图 1.jpg");
  CHECK(uri->text == "qiniu:///z0/my.Bucket_1/photos/2024/图 1.jpg");
  CHECK(qiniu_uri(uri->zone, uri->bucket, uri->key) == uri->text);
}

TEST_CASE("percent sequences of a key are literal", "[store][uri]") {
  CHECK(parse_uri("qiniu:///z0/b/%2e%2e/%2Fa%00%zz?x#y")->key == "%2e%2e/%2Fa%00%zz?x#y");
}

TEST_CASE("a qiniu address with too few parts or another shape is a syntax fault", "[store][uri]") {
  for (const auto* text : {"qiniu:///any_path/sourceFile.txt", "qiniu:///prefix", "qiniu:///z0/b",
                           "qiniu:///z0/b/", "qiniu:///", "qiniu://", "qiniu:", "qiniu:/z0/b/k",
                           "qiniu://z0/b/k", "qiniu:z0/b/k", "qiniu://host/z0/b/k"}) {
    INFO(text);
    CHECK(of_file(text) == "uri_syntax");
  }
}

TEST_CASE("zones and buckets are checked by character and length", "[store][uri]") {
  for (const auto& zone :
       {"Z0"s, "-z"s, "z_0"s, "z.0"s, ""s, ".."s, std::string(33, 'z'), "z\x01"s}) {
    INFO(zone);
    CHECK(of_file("qiniu:///" + zone + "/b/k") == "uri_zone");
  }
  CHECK(of_file("qiniu:///" + std::string(32, 'z') + "/b/k") == "ok");
  for (const auto& bucket : {""s, "."s, ".."s, ".b"s, "-b"s, "_b"s, "b b"s, "b%"s, "bü"s,
                             "b.partial"s, std::string(64, 'b')}) {
    INFO(bucket);
    CHECK(of_file("qiniu:///z0/" + bucket + "/k") == "uri_bucket");
  }
  CHECK(of_file("qiniu:///z0/" + std::string(63, 'b') + "/k") == "ok");
}

TEST_CASE("keys that could leave the store or hide in it are refused", "[store][uri]") {
  const std::vector<std::string> keys{"..",
                                      "../x",
                                      "a/../b",
                                      "a/..",
                                      ".",
                                      "./a",
                                      "a/./b",
                                      "a/.",
                                      "/a",
                                      "a//b",
                                      "a/",
                                      "//",
                                      "a\\b",
                                      "..\\a",
                                      "a\0b"s,
                                      "a\nb",
                                      "a\x7f",
                                      "\x1b[0m",
                                      "\xc2\x85",
                                      "a\xff",
                                      "\xc0\xae\xc0\xae/x",
                                      "a.partial",
                                      ".partial",
                                      "x.partial/y",
                                      "a/b.job-1.partial",
                                      std::string(751, 'k'),
                                      std::string(256, 'k')};
  for (const auto& key : keys) {
    INFO(key);
    CHECK(of_file("qiniu:///z0/b/" + key) == "uri_key");
  }
}

TEST_CASE("unusual but harmless keys are accepted", "[store][uri]") {
  std::string longest =
      std::string(250, 'a') + '/' + std::string(250, 'b') + '/' + std::string(248, 'c');
  REQUIRE(longest.size() == 750);
  for (const auto& key :
       {"..."s, "..a"s, "a.."s, ".hidden"s, "a.partial.jpg"s, "partial"s, " "s, "a:b"s,
        "%2e%2e/%2e"s, "C:"s, "~"s, "$HOME"s, "a;rm -rf"s, std::string(255, 'k'), longest}) {
    INFO(key);
    CHECK(of_file("qiniu:///z0/b/" + key) == "ok");
  }
}

TEST_CASE("a prefix may have no key and loses its last slash", "[store][uri]") {
  CHECK(parse_prefix("qiniu:///z0/b")->key.empty());
  CHECK(parse_prefix("qiniu:///z0/b/")->key.empty());
  CHECK(parse_prefix("qiniu:///z0/b/a/c/")->key == "a/c");
  CHECK(of_prefix("qiniu:///z0/b/a//") == "uri_key");
  CHECK(of_prefix("qiniu:///z0/b//") == "uri_key");
  CHECK(of_prefix("qiniu:///z0/b/../") == "uri_key");
  CHECK(of_prefix("qiniu:///z0") == "uri_syntax");
  CHECK(of_prefix("qiniu:///prefix") == "uri_syntax");
  CHECK(of_prefix("qiniu:///z0/") == "uri_bucket");
}

TEST_CASE("file addresses are absolute, decoded and normalised", "[store][uri]") {
  CHECK(parse_uri("file:///data/a%20b/%E5%9B%BE.jpg")->path == "/data/a b/图.jpg");
  CHECK(parse_uri("file:/data/list.json")->path == "/data/list.json");
  CHECK(parse_uri("file://localhost/data/x")->path == "/data/x");
  CHECK(parse_uri("file:///a/./b/../c//d")->path == "/a/c/d");
  CHECK(parse_uri("file:////a")->path == "/a");
  CHECK(parse_uri("file:///../../etc/passwd")->path == "/etc/passwd");
  CHECK(parse_uri("file:///a/%2e%2e/b")->path == "/b");
  CHECK(parse_uri("file:///a")->root.empty());
  CHECK(parse_prefix("file:///data/")->path == "/data");
  CHECK(parse_prefix("file:///")->path == "/");
}

TEST_CASE("file addresses of another shape are syntax faults", "[store][uri]") {
  for (const auto* text : {"file:",
                           "file://",
                           "file:a",
                           "file:a/b",
                           "file://host/a",
                           "file:///",
                           "file:///a/",
                           "file:///a/.",
                           "file:///a/..",
                           "file:///a?b",
                           "file:///a#b",
                           "file:///a%",
                           "file:///a%4",
                           "file:///a%zz",
                           "file:///a%00b",
                           "file:///a%0Ab",
                           "file:///a\nb",
                           "/plain/path",
                           "plain",
                           "",
                           ":",
                           "://x"}) {
    INFO(text);
    CHECK(of_file(text) == "uri_syntax");
  }
  CHECK(of_file("file:///data/x.partial") == "uri_key");
  CHECK(of_file("file:///" + std::string(256, 'a')) == "uri_key");
}

TEST_CASE("a path becomes a file address and comes back", "[store][uri]") {
  CHECK(file_uri("/data/a b/100%/图.jpg") == "file:///data/a%20b/100%25/%E5%9B%BE.jpg");
  for (const std::filesystem::path path : {"/a", "/a?b#c", "/ä\xff/%20", "/[x]\"<>^`{|}\\"}) {
    INFO(path);
    CHECK(parse_uri(file_uri(path))->path == path.string());
  }
}

TEST_CASE("http addresses give their host as written", "[store][uri]") {
  const auto uri = parse_uri("http://Example.com:8080/a.jpg?x=1#y");
  REQUIRE(uri.ok());
  CHECK(uri->scheme == Uri::Scheme::Http);
  CHECK(uri->host == "Example.com:8080");
  CHECK(parse_uri("https://[::1]:443/x")->host == "[::1]:443");
  CHECK(parse_uri("https://example.com")->scheme == Uri::Scheme::Https);
  CHECK(parse_uri("http://example.com?x")->host == "example.com");
  CHECK(parse_uri("http://a_b.example/图.jpg").ok());
}

TEST_CASE("http addresses with users, odd hosts or odd ports are refused", "[store][uri]") {
  for (const auto* text : {"http:",
                           "http://",
                           "http:///x",
                           "http:/x",
                           "http://user@example.com/",
                           "http://u:p@h/",
                           "http://h:0/",
                           "http://h:65536/",
                           "http://h:/",
                           "http://h:x/",
                           "http://h:-1/",
                           "http://:80/",
                           "http://[::1/",
                           "http://[]/",
                           "http://[::1]x/",
                           "http://[g::1]/",
                           "http://.example/",
                           "http://ex ample/",
                           "http://h/a b",
                           "http://h\\@evil/",
                           "http://h/\n",
                           "http://h/\xff",
                           "http://b\xc3\xbc.de/",
                           "http://h%41/",
                           "http://a:b:c/"}) {
    INFO(text);
    CHECK(of_file(text) == "uri_syntax");
  }
}

TEST_CASE("a blob address is 64 hexadecimal digits in lower case", "[store][uri]") {
  const std::string digits(64, 'a');
  const auto uri = parse_uri("blob:" + digits);
  REQUIRE(uri.ok());
  CHECK(uri->scheme == Uri::Scheme::Blob);
  CHECK(uri->sha256 == digits);
  CHECK_FALSE(uri->is_open);
  CHECK(blob_uri(uri->sha256) == uri->text);
  for (const auto& text : {"blob:"s, "blob:/" + digits, "blob://" + digits, "blob:" + digits + "a",
                           "blob:" + digits.substr(1), "blob:" + digits.substr(1) + "A",
                           "blob:" + digits.substr(1) + "g", "blob:" + digits + "/",
                           "blob:../" + digits.substr(3), "blob:" + digits.substr(1) + "\0"s}) {
    INFO(text);
    CHECK(of_file(text) == "uri_syntax");
  }
  CHECK(of_prefix("blob:" + digits) == "uri_syntax");
  CHECK(of_file("BLOB:" + digits) == "uri_syntax");
}

TEST_CASE("other schemes are named as such", "[store][uri]") {
  for (const auto* text : {"ftp://h/x", "s3://b/k", "data:,x", "HTTP://h/x", "Qiniu:///z0/b/k",
                           "gopher://x", "c:/x"}) {
    INFO(text);
    CHECK(of_file(text) == "uri_syntax");
  }
}

TEST_CASE("an address has at most 8192 bytes and its message far fewer", "[store][uri]") {
  CHECK(of_file("http://h/" + std::string(8183, 'x')) == "ok");
  const auto parsed = parse_uri("http://h/" + std::string(8184, 'x'));
  CHECK(word(parsed) == "uri_syntax");
  CHECK(parsed.error().message.size() < 400);
}

TEST_CASE("hosts compare equal however they are written", "[store][uri]") {
  using detail::host_and_port;
  CHECK(host_and_port("Example.COM", false) == "example.com:80");
  CHECK(host_and_port("example.com.", true) == "example.com:443");
  CHECK(host_and_port("example.com:080", false) == "example.com:80");
  CHECK(host_and_port("[::1]", false) == "[::1]:80");
  CHECK(host_and_port("[::1]:8080", false) == "[::1]:8080");
  CHECK(detail::ascii_uri("http://h/图 a%20") == "http://h/%E5%9B%BE a%20");
}

#include "engine/base/password.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/stored_password.hpp"

using namespace millrace;

namespace {

// Made with Python's hashlib.pbkdf2_hmac("sha512", ...) and base64, '.' for '+', no padding.
const std::string kAdmin =
    "$pbkdf2-sha512$25000$8OHSw7Sllod4aVpLPC0e.w$"
    "6cz8vC.zFFD1X2OKOhWBaoUS6yVTe1n2wFQhX58cetD7t.FOa8jH4mtdVbvM.4BERAPyuCp9gt.vHScKsSDc2A";
const std::string kSalt = "AAECAwQFBgcICQoLDA0ODw";  // the bytes 0 to 15

std::string pbkdf2(const std::string& rounds, const std::string& result,
                   const std::string& salt = kSalt) {
  return "$pbkdf2-sha512$" + rounds + "$" + salt + "$" + result;
}

// Made by libsodium at its least cost, so that a test may verify many.
const std::string kHorse =
    "$argon2id$v=19$m=8,t=1,p=1$1aVMzvqKJpYjj0tCkST6VQ$VcR8VwX7jKGa9qcMsoMIuquIJD1c4cQyRnfDTk3iH60";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

bool is_readable(const std::string& stored) {
  return detail::read_stored_password(stored).has_value();
}

}  // namespace

TEST_CASE("passwords are hashed two at a time", "[base][password]") {
  constexpr std::size_t kHashBytes = 64u << 20;
  const auto resident = [] {
    std::size_t pages = 0, own = 0;
    std::ifstream{"/proc/self/statm"} >> pages >> own;
    return own * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  };
  REQUIRE(hash_password("warm").ok());
  const auto before = resident();
  std::atomic<int> done{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&done] {
      if (hash_password("secret").ok()) ++done;
    });
  }
  std::size_t most = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (done < 8 && std::chrono::steady_clock::now() < until) {
    most = std::max(most, resident());
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  threads.clear();
  CHECK(done == 8);
  CHECK(most < before + 3 * kHashBytes);
}

TEST_CASE("a password matches what was stored for it, and no other does", "[base][password]") {
  const auto stored = hash_password("correct horse");
  REQUIRE(stored.ok());
  CHECK(stored->rfind("$argon2id$v=19$m=65536,t=2,p=1$", 0) == 0);
  CHECK(verify_password("correct horse", *stored));
  CHECK_FALSE(verify_password("correct horsf", *stored));
  CHECK_FALSE(verify_password("", *stored));
  CHECK_FALSE(needs_rehash(*stored));
  const auto again = hash_password("correct horse");
  REQUIRE(again.ok());
  CHECK(*again != *stored);  // a salt of its own
}

TEST_CASE("an empty password and one with a zero byte are passwords", "[base][password]") {
  const auto empty = hash_password({});
  REQUIRE(empty.ok());
  CHECK(verify_password({}, *empty));
  CHECK_FALSE(verify_password(std::string_view{"\0", 1}, *empty));
  CHECK(verify_password({}, pbkdf2("25000",
                                   "wbyQAjNBudtYCiBxS8NEoTv7SYct79BlsHd1HavxUMxFasfXyBSfklXacXL6xw6"
                                   "/tBVEfRi3.NmaeWUnEGgmHQ")));
  const auto with_zero = pbkdf2("1",
                                "pXTbGIHoh1yT0c1/HTkALC2/Mg7yjtUM69GFBPKX0kxm1XBICAzK0DZGlPtNPmS9QY"
                                "sKcYrJ9B8yUQTMk9kuGw");
  CHECK(verify_password(std::string_view{"nul\0inside", 10}, with_zero));
  CHECK_FALSE(verify_password("nul", with_zero));
}

TEST_CASE("passwords of an older database match by PBKDF2", "[base][password]") {
  CHECK(kAdmin.size() == 130);
  CHECK(verify_password("admin", kAdmin));
  CHECK_FALSE(verify_password("Admin", kAdmin));
  CHECK_FALSE(verify_password({}, kAdmin));
  CHECK(needs_rehash(kAdmin));
  CHECK(
      verify_password("za\u017c\u00f3\u0142\u0107",
                      pbkdf2("1000",
                             "96cXunEPm4AZOlQdCK8hSKG7vQzVQYoCCtKBqwEkqVMV9FNBGzsoKzHosQL0no6p7ncl"
                             "gZo7GI0hSBSuuLtc8w")));
}

TEST_CASE("a stored text of weaker cost still matches and asks to be replaced",
          "[base][password]") {
  CHECK(verify_password("correct horse", kHorse));
  CHECK_FALSE(verify_password("correct mule", kHorse));
  CHECK(needs_rehash(kHorse));
  CHECK(needs_rehash(""));
  CHECK(needs_rehash("plain"));
}

TEST_CASE("more than 4096 bytes are no password", "[base][password]") {
  const std::string longest(4096, 'x'), too_long(4097, 'x');
  const auto refused = hash_password(too_long);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::InvalidArgument);
  CHECK(hash_password(longest).ok());
  CHECK(verify_password(longest, pbkdf2("1",
                                        "5P6zpX/MRm3.OKgzBbPboV1H/RcYHWHgwLO.LYOLU1uPXtGXNiyaLjbVW"
                                        "6HN9isvwepJE1nONWs1b74kq.EuRw")));
  // Each of these two is the right text for 4097 times 'x'.
  CHECK_FALSE(verify_password(
      too_long, pbkdf2("1",
                       "tew/9Ml0porGu3Pu.RJN0QfyHeWVAsVPuyZylDR5SKOwqDGBHf55L16M921XhoP4LAEMI.9Ik8C"
                       "acmyWvvpdOQ")));
  CHECK_FALSE(verify_password(too_long,
                              "$argon2id$v=19$m=8,t=1,p=1$Pe+xLD4mkYzXrLMvipf5sA$"
                              "TbtGH3vOv/WBVb3JaxtABZwHyYVZSbk8ytVos7N5uvY"));
}

TEST_CASE("what is no stored password matches nothing", "[base][password]") {
  REQUIRE(is_readable(kAdmin));
  REQUIRE(is_readable(kHorse));
  const std::vector<std::string> bad{
      "",
      "$",
      "admin",
      "correct horse",
      kAdmin.substr(1),
      kAdmin + "\n",
      " " + kAdmin,
      kAdmin + "$",
      kAdmin.substr(0, kAdmin.size() - 1),
      kAdmin.substr(0, kAdmin.rfind('$')),
      kAdmin + std::string(1, '\0'),
      replaced(kAdmin, "sha512", "sha256"),
      replaced(kAdmin, "pbkdf2", "PBKDF2"),
      replaced(kAdmin, "25000", "025000"),
      replaced(kAdmin, "25000", "+25000"),
      replaced(kAdmin, "25000", "-25000"),
      replaced(kAdmin, "25000", " 25000"),
      replaced(kAdmin, "25000", "2.5e4"),
      replaced(kAdmin, "25000", "0x61a8"),
      replaced(kAdmin, "25000", "0"),
      replaced(kAdmin, "25000", ""),
      replaced(kAdmin, "e.w$", "e+w$"),
      replaced(kAdmin, "e.w$", "e.w==$"),
      replaced(kAdmin, "e.w$", "e.x$"),  // bits behind the sixteenth byte
      replaced(kAdmin, "e.w$", "e.$"),
      replaced(kAdmin, "8OHS", "8O HS"),
      replaced(kAdmin, "8OHSw7Sllod4aVpLPC0e.w", ""),
      replaced(kAdmin, "8OHS", "8OHSAAAA"),
      kHorse.substr(1),
      kHorse + "A",
      kHorse + "=",
      kHorse + std::string(1, '\0') + "A",
      replaced(kHorse, "argon2id", "argon2i"),
      replaced(kHorse, "argon2id", "argon2d"),
      replaced(kHorse, "v=19$", ""),
      replaced(kHorse, "v=19", "v=16"),
      replaced(kHorse, "m=8", "m=7"),
      replaced(kHorse, "m=8", "m=08"),
      replaced(kHorse, "t=1", "t=0"),
      replaced(kHorse, "p=1", "p=2"),
      replaced(kHorse, "m=8,t=1", "t=1,m=8"),
      replaced(kHorse, "1aVM", "1.VM"),
      replaced(kHorse, "$1aVMzvqKJpYjj0tCkST6VQ", ""),
      std::string(1 << 20, '$'),
  };
  for (const auto& stored : bad) {
    INFO(stored.substr(0, 200));
    CHECK_FALSE(is_readable(stored));
    CHECK_FALSE(verify_password("admin", stored));
    CHECK_FALSE(verify_password("correct horse", stored));
    CHECK_FALSE(verify_password("", stored));
    CHECK(needs_rehash(stored));
  }
}

TEST_CASE("a stored text cannot ask for work without bound", "[base][password]") {
  const auto rounds = [](const std::string& number) {
    return is_readable(replaced(kAdmin, "25000", number));
  };
  CHECK(rounds("1000000"));
  CHECK_FALSE(rounds("1000001"));
  CHECK_FALSE(rounds("2147483648"));
  CHECK_FALSE(rounds("4294967296"));  // 0 in 32 bits
  CHECK_FALSE(rounds("4294967297"));
  CHECK_FALSE(rounds("99999999999999999999"));
  const auto cost = [](const std::string& memory_kib, const std::string& passes) {
    return is_readable(replaced(kHorse, "m=8,t=1", "m=" + memory_kib + ",t=" + passes));
  };
  CHECK(cost("262144", "3"));
  CHECK_FALSE(cost("262145", "1"));
  CHECK_FALSE(cost("262144", "4"));
  CHECK(cost("8", "98304"));
  CHECK_FALSE(cost("8", "98305"));
  CHECK_FALSE(cost("4294967295", "4294967295"));
  CHECK_FALSE(cost("8", "4294967297"));
}

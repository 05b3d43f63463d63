#include "tests/api_auth/forgery.hpp"

#include <algorithm>
#include <cctype>
#include <span>
#include <stdexcept>
#include <utility>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "engine/base/base64.hpp"
#include "engine/base/sha1.hpp"

#include <fmt/format.h>

namespace millrace::test {

namespace {

using Kind = auth::TokenFault::Kind;

constexpr std::int64_t kNow = 1'700'000'060;

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (::HMAC(digest, key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(),
             reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr)
    throw std::runtime_error{"HMAC"};
  out.resize(size);
  return out;
}

std::string signature_of(std::string_view token) {
  return std::string{token.substr(token.rfind('.') + 1)};
}

std::string with_signature(const std::string& token, const std::string& signature) {
  return token.substr(0, token.rfind('.') + 1) + signature;
}

// The good token, drawn until its signature has both letters in which the two alphabets differ.
std::string token_with_url_letters() {
  for (int i = 0;; ++i) {
    auto token = signed_token(kHeader, payload_with("jti", fmt::format("\"{}\"", i)));
    const auto signature = signature_of(token);
    if (signature.find('-') != std::string::npos && signature.find('_') != std::string::npos)
      return token;
  }
}

// The last letter of 32 bytes in Base64 carries two bits that mean nothing: sets one.
std::string with_loose_bit(std::string text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  text.back() = kAlphabet[kAlphabet.find(text.back()) + 1];
  return text;
}

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

}  // namespace

Clock::Wall forgery_time() { return Clock::Wall{std::chrono::seconds{kNow}}; }

std::string good_payload() { return payload_with("rls", R"("admin,test")"); }

std::string payload_with(std::string_view member, std::string_view json) {
  const std::vector<std::pair<std::string_view, std::string>> members{
      {"iat", std::to_string(kNow - 60)},
      {"exp", std::to_string(kNow + 840)},
      {"rf_exp", std::to_string(kNow - 60 + 30 * 86'400)},
      {"jti", R"("6f1c2c1e-6f0e-4a3b-9d55-0c6d5a9a2b11")"},
      {"id", "7"}};
  std::string text = "{";
  bool is_there = false;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (text.size() > 1) text += ',';
    text += fmt::format("\"{}\":{}", name, value);
  };
  for (const auto& [name, value] : members) {
    is_there = is_there || name == member;
    if (name != member)
      add(name, value);
    else if (!json.empty())
      add(name, json);
  }
  if (!is_there && !json.empty()) add(member, json);
  return text + '}';
}

std::string unsigned_token(std::string_view header, std::string_view payload) {
  return to_base64url(header) + '.' + to_base64url(payload);
}

std::string signed_text(const std::string& text, std::string_view key) {
  return text + '.' + to_base64url(hmac(::EVP_sha256(), key, text));
}

std::string signed_token(std::string_view header, std::string_view payload, std::string_view key) {
  return signed_text(unsigned_token(header, payload), key);
}

std::vector<Forgery> forged_signatures() {
  const auto good = signed_token(kHeader, good_payload());
  const auto plain = unsigned_token(kHeader, good_payload());
  const auto signature = signature_of(good);
  const auto url = token_with_url_letters();
  std::vector<Forgery> rows;
  const auto add = [&](std::string name, std::string forged, std::string genuine) {
    rows.push_back(
        {std::move(name), std::move(forged), Kind::BadSignature, "", std::move(genuine)});
  };
  const auto add_signature = [&](std::string name, const std::string& text) {
    add(std::move(name), plain + '.' + text, good);
  };
  add_signature("no signature", "");
  add_signature("a signature of zeros", to_base64url(std::string(32, '\0')));
  add_signature("a signature without its last letter", signature.substr(0, signature.size() - 1));
  add_signature("half a signature", signature.substr(0, signature.size() / 2));
  add_signature("16 whole bytes of the signature",
                to_base64url(from_base64url(signature)->substr(0, 16)));
  add_signature("the first byte of the signature",
                to_base64url(from_base64url(signature)->substr(0, 1)));
  add_signature("a signature and a letter", signature + 'A');
  add_signature("a signature and a byte",
                to_base64url(*from_base64url(signature) + std::string(1, '\0')));
  add_signature("a signature twice",
                to_base64url(*from_base64url(signature) + *from_base64url(signature)));
  add_signature("a signature with a loose bit", with_loose_bit(signature));
  add_signature("a padded signature", signature + '=');
  add_signature("a signature and a space", signature + ' ');
  add_signature("a signature and a line end", signature + '\n');
  add_signature("a signature and a zero byte", signature + std::string(1, '\0'));
  add_signature("a signature in capitals", [&] {
    auto text = signature;
    for (char& letter : text)
      letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    return text;
  }());
  const auto raw = *from_base64url(signature);
  add_signature("a signature in hexadecimal",
                to_hex(std::span{reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()}));
  add_signature("a signature reversed", std::string{signature.rbegin(), signature.rend()});
  add("a signature in the standard alphabet",
      with_signature(url, replaced(replaced(signature_of(url), '-', '+'), '_', '/')), url);
  add("a signature half in the standard alphabet",
      with_signature(url, replaced(signature_of(url), '-', '+')), url);

  add_signature("the signature of the header alone",
                signature_of(signed_text(to_base64url(kHeader))));
  add_signature("the signature of the payload alone",
                signature_of(signed_text(to_base64url(good_payload()))));
  add_signature("the signature of the text before encoding",
                signature_of(signed_text(std::string{kHeader} + '.' + good_payload())));
  add_signature("the signature of the token with its final dot",
                signature_of(signed_text(plain + '.')));
  add_signature("the plain digest of the token", [&] {
    const auto digest = sha256(plain);
    return to_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }());
  add_signature("HMAC-SHA512 cut to 32 bytes",
                to_base64url(hmac(::EVP_sha512(), kSecret, plain).substr(0, 32)));
  add_signature("key and text the other way round",
                to_base64url(hmac(::EVP_sha256(), plain, kSecret)));

  const auto by_key = [&](std::string name, std::string_view key) {
    add(std::move(name), signed_token(kHeader, good_payload(), key), good);
  };
  by_key("signed with an empty secret", "");
  by_key("signed with another secret", "A secret of thirty-two bytes, ok");
  by_key("signed with the secret but its last byte", kSecret.substr(0, kSecret.size() - 1));
  by_key("signed with the secret and a line end", std::string{kSecret} + '\n');
  by_key("signed with the secret in Base64", to_base64url(kSecret));
  by_key("signed with 32 zero bytes", std::string(32, '\0'));
  by_key("signed with the word secret", "secret");
  by_key("signed with the key of tickets",
         auth::as_text(auth::derive_key(kSecret, "millrace download ticket")));

  // A good signature under a text that is not the one it was made for.
  const auto other_text = [&](std::string name, std::string_view header, std::string payload) {
    const auto text = unsigned_token(header, payload);
    add(std::move(name), text + '.' + signature, signed_text(text));
  };
  other_text("another user under a good signature", kHeader, payload_with("id", "1"));
  other_text("a later end under a good signature", kHeader,
             payload_with("exp", std::to_string(kNow + 1'000'000)));
  other_text("one more claim under a good signature", kHeader, payload_with("admin", "true"));
  other_text("one more space under a good signature", kHeader, good_payload() + ' ');
  other_text("another header under a good signature", R"({"alg":"HS256","typ":"JWT"})",
             good_payload());

  // Keys that the token itself brings or names.
  const auto brings_key = [&](std::string name, const std::string& member, std::string_view key) {
    const auto header = R"({"typ":"JWT","alg":"HS256",)" + member + '}';
    add(std::move(name), signed_token(header, good_payload(), key),
        signed_token(header, good_payload()));
  };
  brings_key("a key in jwk", R"("jwk":{"kty":"oct","k":"c2VjcmV0"})", "secret");
  brings_key("a kid that names an empty file", R"("kid":"../../../dev/null")", "");
  brings_key("a kid of SQL", R"("kid":"x' UNION SELECT 'secret")", "secret");
  brings_key("a key behind jku", R"("jku":"http://127.0.0.1/keys")", "secret");
  brings_key("a key in x5c", R"("x5c":["c2VjcmV0"])", "secret");

  // Other algorithms, as their own libraries sign.
  const auto by_algorithm = [&](std::string name, std::string_view algorithm,
                                const std::string& bytes) {
    const auto text =
        unsigned_token(fmt::format(R"({{"typ":"JWT","alg":"{}"}})", algorithm), good_payload());
    add(std::move(name), text + '.' + to_base64url(bytes), good);
  };
  const auto header_text = [&](std::string_view algorithm) {
    return unsigned_token(fmt::format(R"({{"typ":"JWT","alg":"{}"}})", algorithm), good_payload());
  };
  by_algorithm("HS384 with the right secret", "HS384",
               hmac(::EVP_sha384(), kSecret, header_text("HS384")));
  by_algorithm("HS512 with the right secret", "HS512",
               hmac(::EVP_sha512(), kSecret, header_text("HS512")));
  by_algorithm("RS256 with the length of its signature", "RS256", std::string(256, 'r'));
  by_algorithm("ES256 with a signature of zeros", "ES256", std::string(64, '\0'));
  for (const auto* word : {"none", "None", "NONE", "nOnE", ""})
    by_algorithm(fmt::format("alg \"{}\" without signature", word), word, "");
  return rows;
}

std::vector<Forgery> forged_headers() {
  const auto good = signed_token(kHeader, good_payload());
  std::vector<Forgery> rows;
  const auto add = [&](std::string name, std::string_view header, Kind fault = Kind::BadHeader) {
    rows.push_back({std::move(name), signed_token(header, good_payload()), fault, "", good});
  };
  for (const auto* alg :
       {R"("none")",   R"("None")",  R"("NONE")",   R"("nOnE")",    R"("")",
        R"("hs256")",  R"("Hs256")", R"("HS256 ")", R"(" HS256")",  R"("HS256\u0000")",
        R"("HS2561")", R"("HS384")", R"("HS512")",  R"("RS256")",   R"("PS256")",
        R"("ES256")",  R"("EdDSA")", R"("dir")",    "null",         "true",
        "256",         "{}",         "[]",          R"(["HS256"])", R"({"HS256":true})"})
    add(fmt::format("alg {}", alg), fmt::format(R"({{"typ":"JWT","alg":{}}})", alg));
  add("no alg", R"({"typ":"JWT"})");
  add("Alg for alg", R"({"typ":"JWT","Alg":"HS256"})");
  add("no member", "{}");
  for (const auto* crit : {R"(["exp"])", R"(["b64"])", "[]", "null", R"("exp")"})
    add(fmt::format("crit {}", crit),
        fmt::format(R"({{"typ":"JWT","alg":"HS256","b64":true,"crit":{}}})", crit));
  for (const auto* typ : {R"("at+jwt")", R"("JWE")", R"("jwt ")", "1", "null", R"(["JWT"])"})
    add(fmt::format("typ {}", typ), fmt::format(R"({{"typ":{},"alg":"HS256"}})", typ));
  const auto twice = [&](std::string name, std::string_view members) {
    add(std::move(name), fmt::format("{{{}}}", members), Kind::NotAToken);
  };
  twice("alg twice, none first", R"("typ":"JWT","alg":"none","alg":"HS256")");
  twice("alg twice, none last", R"("typ":"JWT","alg":"HS256","alg":"none")");
  twice("alg twice, once escaped", R"("typ":"JWT","alg":"HS256","\u0061lg":"none")");
  twice("alg twice, the same", R"("typ":"JWT","alg":"HS256","alg":"HS256")");
  twice("typ twice", R"("typ":"JWT","alg":"HS256","typ":"JWT")");
  add("a header that is a list", R"(["HS256"])", Kind::NotAToken);
  add("a header that is a text", R"("HS256")", Kind::NotAToken);
  add("an empty header", "", Kind::NotAToken);
  add("a header with a comma too many", R"({"typ":"JWT","alg":"HS256",})", Kind::NotAToken);
  add("a header with a comment", R"({"alg":"HS256"/**/})", Kind::NotAToken);
  add("a header that is not UTF-8", "{\"alg\":\"HS256\",\"x\":\"\xff\"}", Kind::NotAToken);
  add("two headers", R"({"alg":"HS256"}{"alg":"HS256"})", Kind::NotAToken);
  return rows;
}

std::vector<Forgery> forged_forms() {
  const auto good = signed_token(kHeader, good_payload());
  const auto header = to_base64url(kHeader);
  std::vector<Forgery> rows;
  const auto add = [&](std::string name, std::string forged, Kind fault = Kind::NotAToken,
                       std::string genuine = "") {
    rows.push_back({std::move(name), std::move(forged), fault, "",
                    genuine.empty() ? good : std::move(genuine)});
  };
  add("nothing", "");
  add("the word None", "None");
  add("a dot", ".");
  add("one segment", good.substr(0, good.find('.')));
  add("two segments", unsigned_token(kHeader, good_payload()));
  add("two segments, payload and signature", good.substr(good.find('.') + 1));
  add("four segments", good + ".AAAA");
  add("four segments, the last empty", good + '.');
  add("four segments, the first empty", '.' + good);
  add("five segments", good + ".AAAA.AAAA");
  add("only dots", "..", Kind::BadSignature);
  add("a space before", ' ' + good, Kind::BadSignature);
  add("two tokens with a comma", good + ',' + good);
  add("the scheme before", "Bearer " + good, Kind::BadSignature);
  add("no header", signed_text('.' + to_base64url(good_payload())));
  add("no payload", signed_text(header + '.'));

  // The payload in a spelling that another decoder would take; the signature fits each.
  const auto body = [&](std::string name, const std::string& segment, const std::string& plain) {
    add(std::move(name), signed_text(header + '.' + segment), Kind::NotAToken,
        signed_token(kHeader, plain));
  };
  const auto with_url_letters = payload_with("jti", R"("~~~~~~???????")");
  body("a payload in the standard alphabet",
       replaced(replaced(to_base64url(with_url_letters), '-', '+'), '_', '/'), with_url_letters);
  auto odd = good_payload();
  while (odd.size() % 3 != 1) odd += ' ';
  body("a padded payload", to_base64url(odd) + "==", odd);
  body("a payload with a loose bit", with_loose_bit(to_base64url(odd)), odd);
  body("a payload with a letter too many", to_base64url(odd + "  ") + 'A', odd);
  body("a payload with a space", ' ' + to_base64url(odd), odd);
  body("a payload with a line end", to_base64url(odd) + '\n', odd);
  body("a payload that is not encoded", odd, odd);

  const auto text = [&](std::string name, const std::string& payload,
                        const std::string& genuine = good_payload()) {
    add(std::move(name), signed_token(kHeader, payload), Kind::NotAToken,
        signed_token(kHeader, genuine));
  };
  text("a payload that is a list", '[' + good_payload() + ']');
  text("a payload that is a text", R"("id")");
  text("a payload that is a number", "7");
  text("a payload that is null", "null");
  text("an empty payload", "");
  text("a payload that is no JSON", "id=7");
  text("a payload that is cut", good_payload().substr(0, good_payload().size() - 1));
  text("a payload with something behind", good_payload() + "{}");
  text("a payload with a zero byte behind", good_payload() + std::string(1, '\0'));
  text("a payload with a comment", good_payload() + "//");
  text("a payload that is not UTF-8", payload_with("x", "\"\xc3\x28\""));
  text("a payload in UTF-16", [] {
    std::string wide;
    for (const char letter : good_payload()) wide += std::string{'\0', letter};
    return wide;
  }());
  text("a token in a token", good);
  text("a payload nested 1000 deep",
       payload_with("x", std::string(1000, '[') + std::string(1000, ']')),
       payload_with("x", "[[[]]]"));
  const auto long_payload = [](std::size_t letters) {
    return payload_with("x", '"' + std::string(letters, 'x') + '"');
  };
  std::size_t most = 5000;
  while (signed_token(kHeader, long_payload(most + 1)).size() <=
         auth::TokenVerifier::kMaxTokenBytes)
    ++most;
  text("a payload of one byte too many", long_payload(most + 1), long_payload(most));
  text("a payload of a megabyte", long_payload(1u << 20), long_payload(most));
  return rows;
}

std::vector<Forgery> forged_claims() {
  const auto good = signed_token(kHeader, good_payload());
  std::vector<Forgery> rows;
  const auto add = [&](std::string name, const std::string& payload, Kind fault, std::string claim,
                       std::string genuine = "") {
    rows.push_back({std::move(name), signed_token(kHeader, payload), fault, std::move(claim),
                    genuine.empty() ? good : std::move(genuine)});
  };
  for (const auto* claim : {"iat", "exp", "rf_exp", "id"}) {
    add(fmt::format("no {}", claim), payload_with(claim, ""), Kind::MissingClaim, claim);
    for (const auto* value :
         {"null", "true", "\"1700000900\"", "1700000900.0", "1.7000009e9", "-1", "-0.0",
          "[1700000900]", "{}", "-1700000900", "9223372036854775808", "18446744073709551615",
          "18446744073709551617", "-9223372036854775809", "1e400"}) {
      // The parser itself refuses a number that no double holds, and an integer of more than 64
      // bits.
      const bool is_too_large = std::string_view{value} == "1e400" ||
                                std::string_view{value} == "18446744073709551617" ||
                                std::string_view{value} == "-9223372036854775809";
      const auto fault = is_too_large ? Kind::NotAToken : Kind::BadClaim;
      add(fmt::format("{} {}", claim, value), payload_with(claim, value), fault,
          fault == Kind::NotAToken ? "" : claim);
    }
    if (std::string_view{claim} != "id")
      for (const auto* value : {"253402300800", "9223372036854775807", "1700000900000000"})
        add(fmt::format("{} {}", claim, value), payload_with(claim, value), Kind::BadClaim, claim);
  }
  add("id 0", payload_with("id", "0"), Kind::BadClaim, "id",
      signed_token(kHeader, payload_with("id", "9223372036854775807")));
  add("no jti", payload_with("jti", ""), Kind::MissingClaim, "jti");
  for (const auto* value : {"null", "7", "\"\"", "[\"a\"]"})
    add(fmt::format("jti {}", value), payload_with("jti", value), Kind::BadClaim, "jti");
  add("a jti of 129 letters", payload_with("jti", '"' + std::string(129, 'j') + '"'),
      Kind::BadClaim, "jti",
      signed_token(kHeader, payload_with("jti", '"' + std::string(128, 'j') + '"')));
  for (const auto* claim : {"ID", "Id", "id ", "user_id"}) {
    auto payload = payload_with("id", "");
    payload.insert(payload.size() - 1, fmt::format(",\"{}\":7", claim));
    add(fmt::format("\"{}\" for id", claim), payload, Kind::MissingClaim, "id");
  }
  const auto twice = [&](std::string name, std::string_view member) {
    auto payload = good_payload();
    payload.insert(payload.size() - 1, fmt::format(",{}", member));
    add(std::move(name), payload, Kind::NotAToken, "");
  };
  twice("id twice, another user", R"("id":1)");
  twice("id twice, the same user", R"("id":7)");
  twice("id twice, once escaped", R"("\u0069d":1)");
  twice("exp twice, a later one", R"("exp":1800000000)");
  twice("iat twice", R"("iat":1700000000)");
  twice("jti twice", R"("jti":"x")");
  twice("a member of a member twice", R"("x":{"a":1,"a":2})");

  const auto ends = [](std::int64_t when) { return payload_with("exp", std::to_string(when)); };
  add("expired by one second", ends(kNow - 1), Kind::Expired, "",
      signed_token(kHeader, ends(kNow)));
  add("expired in 1970", ends(0), Kind::Expired, "");
  add("a refresh window does not keep an expired token",
      payload_with("exp", std::to_string(kNow - 100)), Kind::Expired, "");
  add("meant for another reader", payload_with("aud", R"("other")"), Kind::BadClaim, "aud");
  const auto begins = [](std::string_view json) { return payload_with("nbf", json); };
  add("not good before the next second", begins(std::to_string(kNow + 1)), Kind::BadClaim, "nbf",
      signed_token(kHeader, begins(std::to_string(kNow))));
  add("nbf a text", begins(R"("0")"), Kind::BadClaim, "nbf", signed_token(kHeader, begins("0")));
  add("no claim", "{}", Kind::MissingClaim, "jti");
  return rows;
}

}  // namespace millrace::test

#include "plugins/augment/resolve.hpp"

#include <cmath>
#include <set>

#include <catch2/catch.hpp>

#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;

namespace {

std::string resolved(std::string_view ops, const DrawFrom& from = {0, "n", "i"}) {
  std::vector<OpsFault> faults;
  const auto chain = read_ops(ops, {.is_chain_allowed = true}, faults);
  INFO(ops);
  REQUIRE(faults.empty());
  std::string text;
  resolve(chain, from, text);
  return text;
}

}  // namespace

TEST_CASE("angles are drawn as the contract's examples say", "[augment][resolve]") {
  const auto angle = [](std::string_view root) {
    const std::string identity = "qiniu:///z0/in/img/" + std::string{root} + "#default:0";
    return resolved("rotate/[10,20]", {0, "default", identity});
  };
  CHECK(angle("a.png#source:1") == "rotate/16.2016");
  CHECK(angle("d.png#source:4") == "rotate/17.9771");
  CHECK(angle("f.png#source:7") == "rotate/18.5135");
}

TEST_CASE("values are written as they are used", "[augment][resolve]") {
  CHECK(resolved("rotate/30.00") == "rotate/30");
  CHECK(resolved("rotate/-0") == "rotate/0");
  CHECK(resolved("rotate/12.34567") == "rotate/12.3457");
  CHECK(resolved("rotate/010") == "rotate/10");
  CHECK(resolved("rotate/.5") == "rotate/0.5");
  CHECK(resolved("rotate/deg:30") == "rotate/30");
  CHECK(resolved("rotate/30/fill:#AaBbCc/expand:0") == "rotate/30/expand:0/fill:#aabbcc");
  CHECK(resolved("rotate/[10]") == "rotate/10");
  CHECK(resolved("crop/10x20/y:5") == "crop/10x20/y:5");
  CHECK(resolved("resize/!50p") == "resize/50p");
  CHECK(resolved("resize/10x20!") == "resize/10x20!");
  CHECK(resolved("resize/x20") == "resize/x20");
  CHECK(resolved("thumbnail/20x") == "thumbnail/20x");
  CHECK(resolved("blur/3x1.50") == "blur/3x1.5");
  CHECK(resolved("flip;flop;") == "flip,flop");
  CHECK(resolved("flip/seed:7") == "flip");
}

TEST_CASE("fixed defaults are left out, drawn ones are written", "[augment][resolve]") {
  CHECK(resolved("crop/10x10") == "crop/10x10");
  CHECK(resolved("crop/10x10/gravity:NorthWest/x:0") == "crop/10x10");
  CHECK(resolved("rotate/5/expand:1/fill:#000000") == "rotate/5");
  const auto blur = resolved("blur");
  CHECK(blur.rfind("blur/", 0) == 0);
  const double sigma = std::stod(blur.substr(5));
  CHECK(sigma >= 0.5);
  CHECK(sigma <= 2);
}

TEST_CASE("numbers are drawn to four decimals, integers without bias to the ends",
          "[augment][resolve]") {
  std::set<std::string> qualities;
  for (int i = 0; i < 400; ++i) {
    const auto identity = "x#source:" + std::to_string(i);
    const auto text = resolved("brightness/[-0.1,0.1]", {3, "n", identity});
    CHECK(text.size() <= std::string{"brightness/-0.1234"}.size());
    qualities.insert(resolved("jpeg/[60,62]", {3, "n", identity}));
  }
  CHECK(qualities == std::set<std::string>{"jpeg/60", "jpeg/61", "jpeg/62"});
}

TEST_CASE("lists are picked from, each element by equal chance", "[augment][resolve]") {
  std::map<std::string, int> seen;
  for (int i = 0; i < 3000; ++i)
    ++seen[resolved("rotate/[90,180,270]", {1, "n", "x#s:" + std::to_string(i)})];
  REQUIRE(seen.size() == 3);
  for (const auto& [text, times] : seen) CHECK(std::abs(times - 1000) < 120);
}

TEST_CASE("draws depend on seed, node, identity, step and parameter, and on nothing else",
          "[augment][resolve]") {
  const auto base = resolved("rotate/[0,360]", {1, "n", "i"});
  CHECK(base == resolved("rotate/[0,360]", {1, "n", "i"}));
  CHECK(base != resolved("rotate/[0,360]", {2, "n", "i"}));
  CHECK(base != resolved("rotate/[0,360]", {1, "m", "i"}));
  CHECK(base != resolved("rotate/[0,360]", {1, "n", "j"}));
  CHECK(resolved("flip;rotate/[0,360]", {1, "n", "i"}) != "flip," + base);
  // The place in the table counts, not the place in the text.
  CHECK(resolved("rotate/fill:{edge,wrap}/deg:[0,360]", {1, "n", "i"}).substr(0, base.size()) ==
        base);
}

TEST_CASE("what draws more than its parameters carries its seed", "[augment][resolve]") {
  const DrawFrom from{0, "n", "i"};
  const auto text = resolved("noise/5", from);
  CHECK(text.rfind("noise/5/seed:", 0) == 0);
  CHECK(text != resolved("noise/5", {1, "n", "i"}));
  CHECK(resolved("noise/5/seed:42", from) == "noise/5/seed:42");
  CHECK(resolved("gauss-noise/5/per-channel:0/seed:42", from) ==
        "gauss-noise/5/per-channel:0/seed:42");
}

TEST_CASE("a resolved text resolves to itself and makes the same picture", "[augment][resolve]") {
  const auto picture = testing::scene({64, 48});
  for (const auto* ops :
       {"flip", "flop", "transpose", "transverse", "rotate/[1,89]", "rotate/[90,180,270]",
        "crop/20x30", "resize/{50p,40x40,x20}", "blur", "blur/2x1.25", "brightness", "contrast",
        "noise", "jpeg", "noise/[0,3]/per-channel:{0,1}",
        "rotate/[1,44]/fill:{edge,reflect,wrap,#123456}"}) {
    for (int copy = 0; copy < 3; ++copy) {
      const auto identity = "u#source:1#n:" + std::to_string(copy);
      const auto text = resolved(ops, {5, "n", identity});
      INFO(ops << " -> " << text);
      CHECK(resolved(text, {99, "other", "identity"}) == text);
      CHECK(testing::largest_difference(testing::applied(text, picture),
                                        testing::applied(text, picture)) == 0);
    }
  }
}

TEST_CASE("a text that leaves something to chance is no recipe", "[augment][resolve]") {
  std::string why;
  CHECK_FALSE(read_recipe("rotate/[10,20]", why));
  CHECK_FALSE(why.empty());
  CHECK_FALSE(read_recipe("noise/5", why));
  CHECK_FALSE(read_recipe("blur", why));
  CHECK_FALSE(read_recipe("flip;flop", why));
  CHECK_FALSE(read_recipe("frobnicate", why));
  CHECK(read_recipe("noise/5/seed:1", why));
}

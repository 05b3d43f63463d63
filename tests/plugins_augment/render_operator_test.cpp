#include <turbojpeg.h>

#include <catch2/catch.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "plugins/records/columns.hpp"
#include "tests/plugins_augment/format_samples.hpp"
#include "tests/plugins_augment/operator_fixture.hpp"
#include "tests/plugins_augment/pictures.hpp"

using namespace millrace;
using namespace millrace::augment::testing;

namespace {

const std::string kDocumentCondition =
    R"("condition": [{"label": "class.pulp", "values": {"normal": 3, "sexy": 4}}])";

// Records of one address each.
Batch rows_of_urls(const std::vector<std::string>& urls) {
  std::vector<std::string> lines;
  for (const auto& url : urls) lines.push_back(R"({"url":")" + url + R"("})");
  return rows_of(lines);
}

Batch flipped(Batch rows, std::string_view ops = "flip", std::string_view name = "flip1") {
  return applied_rows(std::move(rows),
                      R"({"condition": [], "chain": true, "ops": ")" + std::string{ops} + "\"}",
                      name);
}

std::vector<std::string> codes(const OperatorHarness& harness) {
  std::vector<std::string> all;
  for (const auto& event : harness.events()) all.push_back(event.code);
  return all;
}

std::int64_t count(const OperatorHarness& harness, const std::string& counter) {
  const auto found = harness.counts().find(counter);
  return found == harness.counts().end() ? 0 : found->second;
}

// What comes of one picture and one chain; empty when nothing does.
std::string rendered(std::string_view name, const std::string& bytes, std::string_view ops,
                     std::string_view more = {}) {
  auto harness = renderer("qiniu:///z0/out/p", more);
  const auto url = "qiniu:///z0/in/" + std::string{name};
  harness.put_object(url, bytes);
  const auto rows = through(harness, flipped(rows_of_urls({url}), ops));
  return rows.rows() == 0 ? std::string{} : harness.object(texts(rows, "url")[0]).value();
}

}  // namespace

TEST_CASE("the document's mix: names, records, labels and pictures", "[augment][render][E4]") {
  auto harness = renderer("qiniu:///z0/out/e4");
  const auto rows = through(
      harness,
      applied_rows(rows_of(kPulp), "{" + kDocumentCondition + R"(, "ops": "flip"})", "flip1"));
  REQUIRE(rows.rows() == 14);
  const auto url = texts(rows, "url"), record = texts(rows, "record");
  CHECK(url[0] == "qiniu:///z0/out/e4/a_551f8b2ece965266.png");
  CHECK(url[1] == "qiniu:///z0/out/e4/a_31a26b7852a374dc.png");
  CHECK(url[2] == "qiniu:///z0/out/e4/a_eecf5975f07cf8d6.png");
  CHECK(member(record[0], "url") == "\"" + url[0] + "\"");
  CHECK(member(record[0], "source_url") == R"("qiniu:///z0/in/img/a.png")");
  CHECK(member(record[0], "ops") == "\"augment(flip)\"");
  CHECK(points(record[0]) == "[[10,40],[30,40],[30,20],[10,20]]");
  CHECK(points(texts(rows, "label")[0]) == "[[10,40],[30,40],[30,20],[10,20]]");
  for (std::size_t i = 10; i < 14; ++i) CHECK(member(record[i], "x-note") == R"("keep me")");
  CHECK(texts(rows, "ops") == std::vector<std::string>(14, "null"));  // real now
  CHECK(count(harness, "generated") == 14);
  CHECK(count(harness, "failed") == 0);
  CHECK(harness.events().empty());

  cv::Mat wanted;
  cv::flip(scene({100, 60}, 3, 1), wanted, 0);
  for (int i = 0; i < 3; ++i)
    CHECK(largest_difference(decoded(harness.object(url[i]).value()), wanted) == 0);

  // Again: the same names and bytes.
  auto again = renderer("qiniu:///z0/out/e4/");
  const auto rows_again = through(
      again,
      applied_rows(rows_of(kPulp), "{" + kDocumentCondition + R"(, "ops": "flip"})", "flip1"));
  CHECK(texts(rows_again, "record") == record);
  for (const auto& address : url) CHECK(again.object(address) == harness.object(address));
}

TEST_CASE("a chain of two ops and a rotation by chance, as legacy rules give them",
          "[augment][render][E8]") {
  auto harness = renderer("qiniu:///z0/out/e8");
  auto sexy = applied_rows(
      rows_of(kPulp), R"({"condition": [{"label": "class.pulp", "values": {"pulp": 3, "sexy": 3}}],
                                               "ops": "flip;flop;", "chain": true})",
      "c0");
  const auto rows = through(harness, std::move(sexy));
  REQUIRE(rows.rows() == 9);
  const auto record = texts(rows, "record");
  CHECK(member(record[0], "ops") == "\"augment(flip,flop)\"");
  CHECK(points(record[0]) == "[[100,60],[50,60],[50,30],[100,30]]");

  auto by_default = renderer("qiniu:///z0/out/e8");
  const auto turned = through(
      by_default, applied_rows(rows_of(kPulp), R"({"condition": [{"label": "class.pulp", "values":
      {"pulp": 0, "sexy": 0}}], "default": 1, "ops": "rotate/[10,20]"})",
                               "default"));
  const auto angles = texts(turned, "record");
  REQUIRE(angles.size() == 3);
  CHECK(member(angles[0], "ops") == "\"augment(rotate/16.2016)\"");
  CHECK(member(angles[1], "ops") == "\"augment(rotate/17.9771)\"");
  CHECK(member(angles[2], "ops") == "\"augment(rotate/18.5135)\"");
}

TEST_CASE("quarter turns move the box and swap the sides", "[augment][render][E9]") {
  for (const auto& [ops, box] : {std::pair{"rotate/90", "[[40,10],[40,30],[20,30],[20,10]]"},
                                 std::pair{"rotate/270", "[[20,90],[20,70],[40,70],[40,90]]"}}) {
    auto harness = renderer("qiniu:///z0/out/e9");
    const auto rows = through(harness, flipped(rows_of({kPulp[0]}), ops));
    CHECK(points(texts(rows, "record")[0]) == box);
    CHECK(member(texts(rows, "record")[0], "ops") == "\"augment(" + std::string{ops} + ")\"");
    CHECK(decoded(harness.object(texts(rows, "url")[0]).value()).size() == cv::Size{60, 100});
  }
}

TEST_CASE("a box that a crop cuts away goes, its record stays", "[augment][render][E16]") {
  auto harness = renderer("qiniu:///z0/out/e16");
  const auto rows = through(harness, flipped(rows_of(kPulp), "crop/50x60", "crop1"));
  REQUIRE(rows.rows() == 6);
  const auto record = texts(rows, "record");
  CHECK(points(record[0]) == "[[10,20],[30,20],[30,40],[10,40]]");
  CHECK(points(record[1]) == "[[0,0],[50,0],[50,30],[0,30]]");
  CHECK(points(record[1], 1).empty());
  for (const auto& url : texts(rows, "url"))
    CHECK(decoded(harness.object(url).value()).size() == cv::Size{50, 60});
  REQUIRE(codes(harness) == std::vector<std::string>{"box_dropped"});
  const auto& event = harness.events()[0];
  CHECK(event.level == MR_LOG_INFO);
  CHECK(event.line == 2);
  CHECK(event.op == "crop1");
  CHECK(event.url == "qiniu:///z0/in/img/b.png");
  CHECK(event.message.find("dog") != std::string::npos);
}

TEST_CASE("records that were not generated pass unchanged and nothing is stored",
          "[augment][render][E17]") {
  auto harness = renderer("qiniu:///z0/out/e17");
  const auto rows =
      through(harness, applied_rows(rows_of({kPulp[0], kPulp[3]}), R"({"ops": "noop"})", "same"));
  CHECK(texts(rows, "record") == std::vector<std::string>{kPulp[0], kPulp[3]});
  CHECK(count(harness, "generated") == 0);
}

TEST_CASE("originals and copies keep their places beside each other", "[augment][render][E5]") {
  auto originals = rows_of({kPulp[0], kPulp[3]});
  auto copies = applied_rows(rows_of({kPulp[0], kPulp[3]}),
                             R"({"condition": [], "default": 2, "ops": "flip"})", "flip1");
  // Root by root: the original, then its copies.
  std::vector<Batch> parts;
  for (std::int64_t i = 0; i < 2; ++i) {
    parts.push_back(originals.slice(i, 1));
    parts.push_back(copies.slice(2 * i, 2));
  }
  auto harness = renderer("qiniu:///z0/out/e5");
  const auto rows = through(harness, Batch::concat(std::move(parts)));
  const auto record = texts(rows, "record");
  REQUIRE(record.size() == 6);
  CHECK(record[0] == kPulp[0]);
  CHECK(record[3] == kPulp[3]);
  CHECK(member(record[1], "ops") == "\"augment(flip)\"");
  CHECK(member(record[4], "source_url") == R"("qiniu:///z0/in/img/d.png")");
}

TEST_CASE("the root is named after several nodes, and the chain is one", "[augment][render]") {
  auto harness = renderer("qiniu:///z0/out/chain");
  const auto rows = through(harness, flipped(flipped(rows_of({kPulp[0]})), "rotate/90", "r2"));
  const auto record = texts(rows, "record")[0];
  CHECK(member(record, "source_url") == R"("qiniu:///z0/in/img/a.png")");
  CHECK(member(record, "ops") == "\"augment(flip,rotate/90)\"");
  cv::Mat wanted;
  cv::flip(scene({100, 60}, 3, 1), wanted, 0);
  cv::rotate(wanted, wanted, cv::ROTATE_90_CLOCKWISE);
  CHECK(largest_difference(decoded(harness.object(texts(rows, "url")[0]).value()), wanted) == 0);
}

TEST_CASE("a record is its own recipe: its ops make the same picture again", "[augment][render]") {
  const std::string ops =
      "rotate/[5,20]/fill:reflect;crop/70x60/gravity:Center;noise;blur;contrast;brightness";
  auto harness = renderer("qiniu:///z0/out/one");
  const auto rows = through(harness, flipped(rows_of({kPulp[0]}), ops, "any"));
  auto text = member(texts(rows, "record")[0], "ops");  // "augment(...)"
  text = text.substr(9, text.size() - 11);
  CHECK(text.find('[') == std::string::npos);
  std::string again = text;
  std::replace(again.begin(), again.end(), ',', ';');
  auto other = renderer("qiniu:///z0/out/two");
  const auto repeated = through(other, flipped(rows_of({kPulp[0]}), again, "another"));
  CHECK(other.object(texts(repeated, "url")[0]).value() ==
        harness.object(texts(rows, "url")[0]).value());
  CHECK(member(texts(repeated, "record")[0], "ops") == "\"augment(" + text + ")\"");
}

TEST_CASE("an earlier job's source and ops are replaced in their place", "[augment][render]") {
  auto harness = renderer("qiniu:///z0/out/again");
  const auto rows = through(
      harness,
      flipped(rows_of(
          {R"-({"ops":"download()","url":"qiniu:///z0/in/img/a.png","n":12345678901234567890,"source_url":"http://h/x"})-"})));
  CHECK(texts(rows, "record")[0] ==
        "{\"ops\":\"augment(flip)\",\"url\":\"" + texts(rows, "url")[0] +
            R"(","n":12345678901234567890,"source_url":"qiniu:///z0/in/img/a.png"})");
}

TEST_CASE("results have the format of their source", "[augment][render][format]") {
  const auto picture = scene({48, 32});
  const auto extension = [&](const std::string& name, const std::string& bytes) {
    auto harness = renderer("qiniu:///z0/out/f");
    harness.put_object("qiniu:///z0/in/" + name, bytes);
    const auto rows = through(harness, flipped(rows_of_urls({"qiniu:///z0/in/" + name})));
    REQUIRE(rows.rows() == 1);
    const auto url = texts(rows, "url")[0];
    CHECK_FALSE(decoded(harness.object(url).value()).empty());
    return url.substr(url.rfind('.'));
  };
  // The name says nothing, the bytes do.
  CHECK(extension("a.dat", encoded(picture, ".jpg")) == ".jpg");
  CHECK(extension("b.jpg", encoded(picture, ".png")) == ".png");
  CHECK(extension("c", encoded(picture, ".webp")) == ".webp");
  CHECK(extension("d.bmp", encoded(picture, ".bmp")) == ".bmp");
  CHECK(extension("e.tif", encoded(picture, ".tiff")) == ".png");
  CHECK(extension("f.gif", gif_of({3, 2}, {{0, 0, 3, 2, {1, 2, 3, 3, 2, 1}}})) == ".png");
}

TEST_CASE("JPEGs that are only turned are not decoded, and lose nothing",
          "[augment][render][turns]") {
  const auto jpeg = jpeg_of(scene({96, 64}), TJSAMP_420, 70);
  const auto there = rendered("x.jpg", jpeg, "rotate/90;noop;flip");
  CHECK(largest_difference(decoded(rendered("y.jpg", there, "flip;rotate/270")), decoded(jpeg)) ==
        0);
  // Decoded and encoded again at quality 95 it is another picture and a larger file.
  const auto decoded_once = rendered("x.jpg", jpeg, "flip", R"("turns": "decoded")");
  CHECK(decoded_once.size() > there.size());
  CHECK(decoded_once != rendered("x.jpg", jpeg, "flip"));
  CHECK(rendered("x.jpg", jpeg, "flip") ==
        rendered("x.jpg", jpeg, "flip", R"("turns": "lossless")"));
  // Nothing but the coefficients is copied.
  CHECK(decoded(rendered("x.jpg", jpeg, "flip;flip")).size() == cv::Size{96, 64});
  CHECK(largest_difference(decoded(rendered("x.jpg", jpeg, "flip;flip")), decoded(jpeg)) == 0);
  // Sides that are no multiples of the MCU are decoded and encoded once.
  const auto odd = jpeg_of(scene({90, 61}), TJSAMP_420, 70);
  cv::Mat wanted;
  cv::flip(decoded(odd), wanted, 0);
  CHECK(rendered("odd.jpg", odd, "flip") ==
        encoded(wanted, ".jpg", {cv::IMWRITE_JPEG_QUALITY, 95}));
}

TEST_CASE("the jpeg operation at the end sets the quality of the one encoding",
          "[augment][render]") {
  const auto jpeg = jpeg_of(scene({96, 64}), TJSAMP_420);
  cv::Mat wanted;
  cv::flip(decoded(jpeg), wanted, 0);
  CHECK(rendered("x.jpg", jpeg, "flip;jpeg/40") ==
        encoded(wanted, ".jpg", {cv::IMWRITE_JPEG_QUALITY, 40}));
  CHECK(rendered("x.jpg", jpeg, "jpeg/40") ==
        encoded(decoded(jpeg), ".jpg", {cv::IMWRITE_JPEG_QUALITY, 40}));
}

TEST_CASE("a chain costs one decode and one encode", "[augment][render]") {
  const auto jpeg = jpeg_of(scene({96, 64}), TJSAMP_420);
  const auto once = decoded(jpeg);
  auto by_hand = applied("rotate/15", once).clone();
  by_hand = applied("crop/80x60/gravity:Center", by_hand).clone();
  by_hand = applied("brightness/0.1", by_hand).clone();
  by_hand = applied("blur/1.2", by_hand).clone();
  CHECK(rendered("x.jpg", jpeg, "rotate/15;crop/80x60/gravity:Center;brightness/0.1;blur/1.2") ==
        encoded(by_hand, ".jpg", {cv::IMWRITE_JPEG_QUALITY, 95}));
}

TEST_CASE("what cannot be rendered is told, counted and left out; the rest goes on",
          "[augment][render][failures]") {
  auto harness = renderer("qiniu:///z0/out/bad");
  const auto png = encoded(scene({30, 20}), ".png"), jpeg = encoded(scene({30, 20}), ".jpg");
  harness.put_object("qiniu:///z0/in/text.png", "this is no picture");
  harness.put_object("qiniu:///z0/in/empty.png", "");
  harness.put_object("qiniu:///z0/in/cut.jpg", jpeg.substr(0, jpeg.size() / 2));
  harness.put_object("qiniu:///z0/in/cut.png", png.substr(0, png.size() / 2));
  harness.put_object("qiniu:///z0/in/head.png", png.substr(0, 12));
  harness.put_object("qiniu:///z0/in/bomb.png", png_header(60'000, 60'000));
  harness.put_object("qiniu:///z0/in/wide.png", png_header(40'000, 10));
  harness.put_object("qiniu:///z0/in/good.png", png);
  std::vector<std::string> lines;
  for (const auto* name : {"none.png", "text.png", "empty.png", "cut.jpg", "cut.png", "head.png",
                           "bomb.png", "wide.png", "good.png"}) {
    lines.push_back(R"({"url":"qiniu:///z0/in/)" + std::string{name} + "\"}");
  }
  lines.push_back(R"({"url":"qiniu:///z0/in/film.mp4","type":"video"})");
  lines.push_back(R"({"url":"not an address"})");
  const auto rows = through(harness, flipped(rows_of(lines)));
  CHECK(rows.rows() == 1);
  CHECK(codes(harness) == std::vector<std::string>{"fetch_failed", "not_an_image", "not_an_image",
                                                   "decode_failed", "decode_failed",
                                                   "decode_failed", "too_large", "too_large",
                                                   "unsupported_type", "fetch_failed"});
  CHECK(count(harness, "failed") == 10);
  CHECK(count(harness, "generated") == 1);
  for (const auto& event : harness.events()) {
    CHECK(event.level == MR_LOG_ERROR);
    CHECK(event.op == "flip1");
    CHECK(event.file == "qiniu:///z0/in/pulp.jsonlist");
    CHECK_FALSE(event.message.empty());
  }
  CHECK(harness.events()[0].line == 1);
  CHECK(harness.events()[0].url == "qiniu:///z0/in/none.png");
}

TEST_CASE("a failure is told once for each record and node, and counted for each copy",
          "[augment][render][failures]") {
  auto harness = renderer("qiniu:///z0/out/bad");
  const auto rows = through(harness, applied_rows(rows_of_urls({"qiniu:///z0/in/none.png"}),
                                                  R"({"default": 5, "ops": "flip"})", "many"));
  CHECK(rows.rows() == 0);
  CHECK(codes(harness) == std::vector<std::string>{"fetch_failed"});
  CHECK(count(harness, "failed") == 5);
}

TEST_CASE("an operation that cannot be done fails its own copies only",
          "[augment][render][failures]") {
  auto harness = renderer("qiniu:///z0/out/bad");
  std::vector<Batch> parts;
  parts.push_back(flipped(rows_of({kPulp[0]}), "crop/10x10/x:200", "crop1"));
  parts.push_back(flipped(rows_of({kPulp[0]}), "flip", "flip1"));
  parts.push_back(flipped(rows_of({kPulp[0]}), "resize/1000p;resize/1000p;resize/1000p", "grow"));
  const auto rows = through(harness, Batch::concat(std::move(parts)));
  CHECK(rows.rows() == 1);
  CHECK(codes(harness) == std::vector<std::string>{"op_failed", "too_large"});
  CHECK(harness.events()[0].op == "crop1");
  CHECK(harness.events()[1].op == "grow");
}

TEST_CASE("limits are those of the parameters", "[augment][render][failures]") {
  const auto png = encoded(scene({100, 60}), ".png");
  const auto code = [&](std::string_view more, std::string_view ops = "flip") {
    auto harness = renderer("qiniu:///z0/out/p", more);
    harness.put_object("qiniu:///z0/in/x.png", png);
    const auto rows = through(harness, flipped(rows_of_urls({"qiniu:///z0/in/x.png"}), ops));
    return rows.rows() == 1 ? std::string{"none"} : codes(harness).at(0);
  };
  CHECK(code(R"("max_side": 100)") == "none");
  CHECK(code(R"("max_side": 99)") == "too_large");
  CHECK(code(R"("max_pixels": 6000)") == "none");
  CHECK(code(R"("max_pixels": 5999)") == "too_large");
  CHECK(code(R"("max_pixels": 6000)", "rotate/10") == "too_large");
  CHECK(code(R"("max_bytes": 100)") == "too_large");
}

TEST_CASE("settings of labels are those of the parameters", "[augment][render]") {
  const auto record = [](std::string_view more, std::string_view ops) {
    auto harness = renderer("qiniu:///z0/out/l", more);
    return texts(through(harness, flipped(rows_of({kPulp[0]}), ops)), "record").at(0);
  };
  // 12 of the 20 columns of the dog's box are left.
  CHECK(points(record(R"("min_visibility": 0.6)", "crop/22x60")) ==
        "[[10,20],[22,20],[22,40],[10,40]]");
  CHECK(points(record(R"("min_visibility": 0.61)", "crop/22x60")).empty());
  CHECK(points(record(R"("box_mode": "aabb")", "flip")) == "[[10,20],[30,20],[30,40],[10,40]]");
}

TEST_CASE("records may get http addresses of the stored pictures", "[augment][render]") {
  auto harness =
      renderer("qiniu:///z0/out/my pictures",
               R"("url_style": "http", "public_bases": {"z0": "https://p.example.com/"})");
  const auto rows = through(harness, flipped(rows_of({kPulp[0]})));
  CHECK(texts(rows, "url")[0] == "https://p.example.com/out/my%20pictures/a_551f8b2ece965266.png");
  CHECK(harness.object("qiniu:///z0/out/my pictures/a_551f8b2ece965266.png"));
  CHECK(renderer("qiniu:///z0/out/x", R"("url_style": "http")").faults().size() == 1);
  CHECK(renderer("qiniu:///z0/out/x", R"("url_style": "http", "public_bases": {"z1": "http://h"})")
            .faults()
            .size() == 1);
  CHECK(renderer("file:///tmp/x", R"("url_style": "http", "public_bases": {"z0": "http://h"})")
            .faults()
            .size() == 1);
}

TEST_CASE("a job that stops stops before the next picture", "[augment][render]") {
  auto harness = renderer("qiniu:///z0/out/stop");
  harness.stop();
  const auto status = harness.push(flipped(rows_of(kPulp)));
  CHECK(status.code() == MR_CANCELLED);
  CHECK(count(harness, "generated") == 0);
}

TEST_CASE("parameters draw the same whatever the seed of the other node, and differ with the job's",
          "[augment][render]") {
  const auto bytes = [](std::uint64_t seed) {
    auto harness = renderer("qiniu:///z0/out/s");
    auto rows = applied_rows(rows_of({kPulp[0]}), R"({"ops": "noise"})", "n", seed);
    const auto out = through(harness, std::move(rows));
    return harness.object(texts(out, "url")[0]).value();
  };
  CHECK(bytes(1) == bytes(1));
  CHECK(bytes(1) != bytes(2));
}

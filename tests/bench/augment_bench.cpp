// Augmenting photographs from list to list: `millrace run` against a hand-written loop of two
// threads over OpenCV that does the same decode, the same operations and the same encode. Both read
// files and write files and a list. Usage: augment_bench MILLRACE PHOTO_FOLDER [SECONDS]   (seconds
// that one run of the loop should take; default 4)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "plugins/augment/formats/jpeg_codec.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<unsigned char>;
using Clock = std::chrono::steady_clock;

constexpr int kThreads = 2;
constexpr int kRounds = 3;

// Processor time of this process or of its children, in seconds: what another program on the
// machine does not change.
double processor_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return double(time.tv_sec) + double(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Bytes read_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

void write_file(const fs::path& path, const Bytes& bytes) {
  std::ofstream out{path, std::ios::binary};
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  if (!out) throw std::runtime_error{"cannot write " + path.string()};
}

/// What the loop makes of one decoded picture: the pictures to encode.
using Work = std::function<std::vector<cv::Mat>(const cv::Mat& picture, std::size_t index)>;

std::vector<cv::Mat> flip_once(const cv::Mat& picture, std::size_t) {
  cv::Mat out;
  cv::flip(picture, out, 0);
  return {out};
}

// rotate/7; crop/400x300/gravity:Center; brightness/0.1; blur/1.2
std::vector<cv::Mat> four_ops(const cv::Mat& picture, std::size_t) {
  constexpr double kDegrees = 7;
  const double radians = kDegrees * CV_PI / 180, cosine = std::cos(radians),
               sine = std::sin(radians);
  const cv::Size grown{
      static_cast<int>(std::ceil(picture.cols * cosine + picture.rows * sine - 1e-6)),
      static_cast<int>(std::ceil(picture.cols * sine + picture.rows * cosine - 1e-6))};
  auto matrix = cv::getRotationMatrix2D(
      cv::Point2d{(picture.cols - 1) / 2.0, (picture.rows - 1) / 2.0}, -kDegrees, 1);
  matrix.at<double>(0, 2) += (grown.width - picture.cols) / 2.0;
  matrix.at<double>(1, 2) += (grown.height - picture.rows) / 2.0;
  cv::Mat turned, brighter, out;
  cv::warpAffine(picture, turned, matrix, grown, cv::INTER_LINEAR);
  const cv::Size part{std::min(400, grown.width), std::min(300, grown.height)};
  const cv::Mat cut =
      turned(cv::Rect{{(grown.width - part.width) / 2, (grown.height - part.height) / 2}, part});
  cut.convertTo(brighter, -1, 1, 0.1 * 255);
  cv::GaussianBlur(brighter, out, {}, 1.2, 1.2, cv::BORDER_REFLECT_101);
  return {out};
}

std::vector<cv::Mat> four_copies(const cv::Mat& picture, std::size_t index) {
  std::vector<cv::Mat> copies(4);
  cv::RNG rng{index + 1};
  for (auto& copy : copies) picture.convertTo(copy, -1, 1, rng.uniform(-0.2, 0.2) * 255);
  return copies;
}

// Runs the loop over `passes` passes; returns seconds.
double run_loop(const std::vector<fs::path>& photos, std::size_t passes, const Work& work,
                const fs::path& folder) {
  fs::create_directories(folder);
  const auto begin = Clock::now();
  std::atomic<std::size_t> next{0};
  std::vector<std::string> lines(photos.size() * passes);
  const auto loop = [&] {
    Bytes encoded;
    for (;;) {
      const auto index = next.fetch_add(1);
      if (index >= lines.size()) return;
      const auto picture =
          cv::imdecode(read_file(photos[index % photos.size()]), cv::IMREAD_UNCHANGED);
      std::size_t copy = 0;
      for (const auto& result : work(picture, index)) {
        cv::imencode(".jpg", result, encoded, {cv::IMWRITE_JPEG_QUALITY, 95});
        const auto path = folder / fmt::format("{}_{}.jpg", index, copy++);
        write_file(path, encoded);
        lines[index] +=
            fmt::format("{{\"url\":\"file://{}\",\"type\":\"image\"}}\n", path.string());
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(loop);
  }
  std::ofstream list{folder / "list"};
  for (const auto& line : lines) list << line;
  list.close();
  return seconds_since(begin);
}

struct Case {
  std::string name;
  std::string folder;
  std::string ops;
  int copies;
  Work work;
};

// Runs the program over the list; returns seconds, its start and end included.
double run_millrace(const std::string& program, const Case& test, const fs::path& list,
                    const fs::path& folder, std::size_t wanted) {
  fs::create_directories(folder);
  const auto pipeline = folder / "pipeline.json";
  std::ofstream{pipeline} << fmt::format(
      R"({{"seed": 1, "ops": [
  {{"name": "in", "type": "input", "preOps": [], "postOps": ["work"], "params": {{"file": "file://{}"}}}},
  {{"name": "work", "type": "augment", "preOps": ["in"], "postOps": ["out"],
    "params": {{"condition": [], "default": {}, "ops": "{}", "chain": true}}}},
  {{"name": "out", "type": "output", "preOps": ["work"], "postOps": [],
    "params": {{"prefix": "file://{}", "file": "file://{}"}}}}]}})",
      list.string(), test.copies, test.ops, (folder / "pictures").string(),
      (folder / "list").string());
  const auto command =
      fmt::format("'{}' run '{}' --data '{}' --quiet > '{}' 2>&1", program, pipeline.string(),
                  (folder / "data").string(), (folder / "log").string());
  const auto begin = Clock::now();
  const int status = std::system(command.c_str());
  const double seconds = seconds_since(begin);
  std::ifstream lines{folder / "list"};
  const auto made = std::count(std::istreambuf_iterator<char>{lines}, {}, '\n');
  if (status != 0 || static_cast<std::size_t>(made) != wanted) {
    const auto log = read_file(folder / "log");
    throw std::runtime_error{fmt::format("millrace run made {} of {} records (status {}): {}", made,
                                         wanted, status, std::string{log.begin(), log.end()})};
  }
  return seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(const std::string& program, const Case& test, const std::vector<fs::path>& photos,
             double target_seconds, const fs::path& scratch) {
  // Nothing is removed before the end: ext4 searches long for inodes that were not freed just now.
  int runs = 0;
  const auto next_folder = [&] { return scratch / fmt::format("{}-{}", test.folder, runs++); };
  const double one_pass = run_loop(photos, 1, test.work, next_folder());
  const auto passes = std::max<std::size_t>(1, static_cast<std::size_t>(target_seconds / one_pass));
  const auto list = scratch / "photos.list";
  {
    std::ofstream out{list};
    for (std::size_t pass = 0; pass < passes; ++pass) {
      for (const auto& photo : photos)
        out << fmt::format("{{\"url\":\"file://{}\"}}\n", photo.string());
    }
  }
  const auto pictures = photos.size() * passes * static_cast<std::size_t>(test.copies);
  std::vector<double> us, peer, ratio, us_work, peer_work;
  const auto milliseconds_each = [&](double seconds) {
    return seconds * 1e3 / static_cast<double>(pictures);
  };
  for (int round = 0; round < kRounds; ++round) {
    const double children = processor_seconds(RUSAGE_CHILDREN);
    us.push_back(static_cast<double>(pictures) /
                 run_millrace(program, test, list, next_folder(), pictures));
    us_work.push_back(milliseconds_each(processor_seconds(RUSAGE_CHILDREN) - children));
    const double self = processor_seconds(RUSAGE_SELF);
    peer.push_back(static_cast<double>(pictures) /
                   run_loop(photos, passes, test.work, next_folder()));
    peer_work.push_back(milliseconds_each(processor_seconds(RUSAGE_SELF) - self));
    ratio.push_back(us.back() / peer.back());
  }
  fmt::print("{:<40} {:>6} {:>8.1f} {:>8.1f} {:>6.2f} {:>8.2f} {:>8.2f}\n", test.name, pictures,
             median(us), median(peer), median(ratio), median(us_work), median(peer_work));
}

std::vector<fs::path> find_photos(const fs::path& folder) {
  std::vector<fs::path> photos;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    const auto extension = entry.path().extension();
    if (entry.is_regular_file() && (extension == ".jpg" || extension == ".jpeg"))
      photos.push_back(entry.path());
  }
  std::sort(photos.begin(), photos.end());
  return photos;
}

// Those whose sides are multiples of their MCU: they can be turned without decoding.
std::vector<fs::path> turnable(const std::vector<fs::path>& photos) {
  millrace::augment::JpegCodec codec;
  std::vector<fs::path> found;
  for (const auto& photo : photos) {
    const auto bytes = read_file(photo);
    const std::string_view view{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (codec.turn(view, millrace::augment::Turn::Flip)) found.push_back(photo);
  }
  return found;
}

int run(const std::string& program, const fs::path& folder, double target_seconds) {
  cv::setNumThreads(0);
  const auto photos = find_photos(folder), turns = turnable(photos);
  if (photos.empty() || turns.empty())
    throw std::runtime_error{"no photographs below " + folder.string()};
  const auto scratch =
      fs::temp_directory_path() / fmt::format("millrace-augment-bench-{}", ::getpid());
  fs::create_directories(scratch);
  fmt::print(
      "{} photographs, {} of them with sides of whole MCUs; medians of {} rounds; "
      "pictures/s, and milliseconds of processor for each\n",
      photos.size(), turns.size(), kRounds);
  fmt::print("{:<40} {:>6} {:>8} {:>8} {:>6} {:>8} {:>8}\n", "", "made", "us", "peer", "ratio",
             "us ms", "peer ms");
  measure(program, {"one flip", "flip", "flip", 1, flip_once}, photos, target_seconds, scratch);
  measure(program,
          {"rotate, crop, brightness, blur", "four",
           "rotate/7;crop/400x300/gravity:Center;brightness/0.1;blur/1.2", 1, four_ops},
          photos, target_seconds, scratch);
  measure(
      program,
      {"four copies (peer decodes once, too)", "copies", "brightness/[-0.2,0.2]", 4, four_copies},
      photos, target_seconds, scratch);
  measure(program, {"JPEG turns without decoding", "turns", "flip", 1, flip_once}, turns,
          target_seconds, scratch);
  fs::remove_all(scratch);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: {} MILLRACE PHOTO_FOLDER [SECONDS]\n", argv[0]);
    return 2;
  }
  try {
    return run(argv[1], argv[2], argc > 3 ? std::atof(argv[3]) : 4);
  } catch (const std::exception& error) {
    fmt::print(stderr, "augment_bench: {}\n", error.what());
    return 1;
  }
}

#include "tests/fault/served_pictures.hpp"

#include <exception>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include <opencv2/imgcodecs.hpp>

#include "engine/base/sha1.hpp"
#include "tests/api_http/client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

namespace millrace::test {

namespace {

std::string with_replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::optional<Answer> ask(const ServerProcess& server, const std::filesystem::path& data,
                          const std::string& method, const std::string& target,
                          const std::string& body) {
  std::string token = read_file(data / "token");
  while (!token.empty() && token.back() == '\n') token.pop_back();
  try {
    Client client{server.port()};
    const timeval minute{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(client.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
    client.send(
        fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n"
                    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                    method, target, token, body.size(), body));
    const Reply reply = client.read_reply();
    return Answer{reply.status, Json::parse(reply.body)};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void write_pictures(const std::filesystem::path& store, int count) {
  const auto folder = store / "z0/in";
  std::filesystem::create_directories(folder);
  std::ofstream list{folder / "list.jsonlist"};
  for (int i = 0; i < count; ++i) {
    cv::Mat picture(48, 64, CV_8UC3, cv::Scalar(10 * i, 255 - 9 * i, 5 * i));
    for (int x = 0; x < picture.cols; ++x)
      picture.at<cv::Vec3b>(i % picture.rows, x) = {255, 255, static_cast<uchar>(x)};
    const auto file = folder / fmt::format("{}.png", i);
    if (!cv::imwrite(file.string(), picture))
      throw std::runtime_error{"cannot write " + file.string()};
    list << Json{{"url", fmt::format("qiniu:///z0/in/{}.png", i)}, {"type", "image"}}.dump()
         << "\n";
  }
}

Json turn_pictures(int number, int copies) {
  const Json input{{"name", "in"},
                   {"type", "input"},
                   {"postOps", {"turn"}},
                   {"params", {{"file", "qiniu:///z0/in/list.jsonlist"}}}};
  const Json augment{
      {"name", "turn"},
      {"type", "augment"},
      {"preOps", {"in"}},
      {"postOps", {"out"}},
      {"params", {{"condition", Json::array()}, {"default", copies}, {"ops", "rotate/[5,80]"}}}};
  const Json output{{"name", "out"},
                    {"type", "output"},
                    {"preOps", {"turn"}},
                    {"params",
                     {{"prefix", fmt::format("qiniu:///z0/out/{}", number)},
                      {"file", fmt::format("qiniu:///z0/out/{}.jsonlist", number)}}}};
  return Json{{"pipeline", {{"seed", 11}, {"ops", {input, augment, output}}}},
              {"idempotencyKey", fmt::format("job-{}", number)}};
}

std::string output_hash(const std::filesystem::path& store, int number) {
  const auto out = store / "z0/out";
  const std::string list = read_file(out / fmt::format("{}.jsonlist", number));
  std::string all = with_replaced(list, fmt::format("/out/{}/", number), "/out/N/");
  std::set<std::string> pictures;
  if (std::filesystem::exists(out / std::to_string(number))) {
    for (const auto& entry : std::filesystem::directory_iterator{out / std::to_string(number)}) {
      pictures.insert(entry.path().filename().string() + to_hex(sha1(read_file(entry.path()))));
    }
  }
  for (const std::string& picture : pictures) all += picture;
  return to_hex(sha1(all));
}

}  // namespace millrace::test

#include <gtest/gtest.h>

#include "stack/link/observed.hpp"
#include "tests/support/frames.hpp"

namespace conker {
namespace {

using test::bytes_of;
using test::TestLink;

class ObservedLinkTest : public ::testing::Test {
 protected:
  struct Observer final : FrameObserver {
    Observer(std::string& log, char name) : log_(log), name_(name) {}
    void on_frame(const ObservedFrame& frame, Instant now) override {
      log_ += name_;
      log_ += frame.direction == Direction::kIn ? '<' : '>';
      for (const auto part : frame.parts) {
        for (const std::byte byte : part) log_ += static_cast<char>(byte);
      }
      log_ += "@" + std::to_string(now.time_since_epoch().count());
      log_ += frame.checksum == ChecksumState::kPartial ? "p " : " ";
      if (leaves != nullptr) leaves->remove(*this);
    }
    FrameObservers* leaves = nullptr;

   private:
    std::string& log_;
    char name_;
  };

  std::size_t receive(Instant now) {
    std::array<FrameIn, 4> batch;
    return observed_.receive(batch, now);
  }
  bool send(std::string_view text, std::uint16_t segment = 0) {
    const auto bytes = bytes_of(text);
    const std::array<std::span<const std::byte>, 2> parts{std::span(bytes).first(1),
                                                          std::span(bytes).subspan(1)};
    return observed_.send(FrameOut{parts, segment}, Instant(9us));
  }
  FrameObservers& observers() { return observed_.observers(); }

  TestLink link_;
  ObservedLink observed_{link_};
  std::string log_;
  Observer a_{log_, 'a'}, b_{log_, 'b'}, c_{log_, 'c'};
};

TEST_F(ObservedLinkTest, ShowsEachFrameToAllInTheOrderOfRegistration) {
  observers().add(b_);
  observers().add(a_);
  link_.arriving.push_back({bytes_of("one")});
  link_.arriving.push_back({bytes_of("two")});
  EXPECT_EQ(receive(Instant(5us)), 2u);
  EXPECT_TRUE(send("out"));
  EXPECT_EQ(log_, "b<one@5 a<one@5 b<two@5 a<two@5 b>out@9 a>out@9 ");
}

TEST_F(ObservedLinkTest, DoesNotShowWhatTheLinkRefused) {
  observers().add(a_);
  link_.busy = true;
  EXPECT_FALSE(send("out"));
  EXPECT_EQ(log_, "");
}

TEST_F(ObservedLinkTest, SaysThatAChecksumIsStillToBeCompleted) {
  observers().add(a_);
  EXPECT_TRUE(send("out", 1460));
  link_.arriving.push_back({bytes_of("in"), ChecksumState::kPartial});
  EXPECT_EQ(receive(Instant(5us)), 1u);
  EXPECT_EQ(log_, "a>out@9p a<in@5p ");
}

TEST_F(ObservedLinkTest, AnObserverCanLeave) {
  observers().add(a_);
  observers().add(b_);
  observers().add(c_);
  observers().remove(b_);
  observers().remove(b_);
  EXPECT_TRUE(send("x"));
  EXPECT_EQ(log_, "a>x@9 c>x@9 ");
  log_.clear();
  observers().add(b_);
  a_.leaves = &observers();
  EXPECT_TRUE(send("y"));
  EXPECT_TRUE(send("z"));
  EXPECT_EQ(log_, "a>y@9 c>y@9 b>y@9 c>z@9 b>z@9 ") << "while it is shown a frame, too";
}

TEST_F(ObservedLinkTest, EditorsEditWhatThoseBeforeThemHaveMade) {
  struct Editor final : FrameEditor {
    explicit Editor(char suffix) : suffix_(suffix) {}
    FrameOut edit(const FrameOut& frame) override {
      text_.clear();
      for (const auto part : frame.parts)
        for (const std::byte byte : part) text_ += static_cast<char>(byte);
      if (text_ == "drop") return {};
      text_ += suffix_;
      part_ = std::as_bytes(std::span(text_));
      return FrameOut{std::span(&part_, 1), frame.segment};
    }

   private:
    char suffix_;
    std::string text_;
    std::span<const std::byte> part_;
  } first('1'), second('2');
  observers().add(a_);
  observed_.editors().add(first);
  observed_.editors().add(second);
  EXPECT_TRUE(send("x"));
  EXPECT_TRUE(send("drop"));
  observed_.editors().remove(first);
  EXPECT_TRUE(send("y"));
  EXPECT_EQ(log_, "a>x12@9 a>y2@9 ") << "what an editor leaves out gets to no other";
}

}  // namespace
}  // namespace conker

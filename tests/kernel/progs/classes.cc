// A C++ program to trace by its debug information. usage: classes [ROUNDS]
#include <cstdlib>

#define TRACED __attribute__((noipa))

namespace zoo {

struct animal {
    int legs;
    long weight;
    static int count;
};
int animal::count;

class cat : public animal {
public:
    TRACED int jump(int height) { return height * 2 + lives; }
    int lives;
    class collar {
    public:
        char tag[8];
    } collar;
};

class dog : public animal {
public:
    virtual ~dog() {}
    TRACED virtual int bark(short times) { return times; }
    bool loud = true;
};

enum class mood : unsigned char { calm = 1, wild = 200 };

} // namespace zoo

// Not trivial: functions get its address.
struct handle {
    explicit handle(int id) : id(id) {}
    handle(const handle &other) : id(other.id + 1) {}
    ~handle() {}
    int id;
};

volatile long sum;

TRACED int weigh(const zoo::cat &cat, int &times, zoo::mood mood) {
    return static_cast<int>(cat.weight) * times + static_cast<int>(mood);
}

TRACED int open(handle h, int flags) { return h.id + flags; }

TRACED handle make(int id) { return handle(id); }

TRACED int first(int (&list)[3]) { return list[0]; }

template <typename T> TRACED T twice(T value) { return value * 2; }

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    zoo::cat cat;
    cat.legs = 4;
    cat.weight = 30;
    cat.lives = 9;
    for (int i = 0; i < 8; i++) cat.collar.tag[i] = "felix\0\0"[i];
    zoo::dog dog;
    dog.legs = 3;
    int times = 2, list[3] = {5, 6, 7};
    for (int i = 0; i < rounds; i++) {
        sum += cat.jump(50);
        sum += dog.bark(6);
        sum += weigh(cat, times, zoo::mood::wild);
        sum += open(handle(40), 2);
        sum += make(12).id;
        sum += first(list) + twice<int>(21);
    }
    return 0;
}

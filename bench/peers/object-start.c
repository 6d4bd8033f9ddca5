// Opens, loads and attaches an object by libbpf, and waits to be ended, for bench/object-start.ts.
//   object-start OBJECT
#include <bpf/libbpf.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program;

	if (!object || bpf_object__load(object))
		return 1;
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			return 1;
	pause();
	return 0;
}

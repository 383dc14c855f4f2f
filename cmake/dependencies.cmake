# gaff_deps: what both halves need; gaff_llvm: LLVM 19, of which only the BPF back end is linked
# where static libraries exist.
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED jansson)
pkg_check_modules(LIBELF REQUIRED libelf)
pkg_check_modules(LIBBPF REQUIRED libbpf)
find_package(ZLIB REQUIRED)

# A static library where there is one: fewer files to map at start.
function(gaff_library var name)
  find_library(${var} NAMES lib${name}.a ${name})
  if(NOT ${var})
    message(FATAL_ERROR "lib${name} not found; scripts/deps build installs it")
  endif()
endfunction()
gaff_library(LIB_BPF bpf)
gaff_library(LIB_DW dw)
gaff_library(LIB_ELF elf)
gaff_library(LIB_JANSSON jansson)
gaff_library(LIB_ZSTD zstd)
gaff_library(LIB_LZMA lzma)

add_library(gaff_deps INTERFACE)
target_link_libraries(gaff_deps INTERFACE ${LIB_BPF} ${LIB_DW} ${LIB_ELF} ${LIB_JANSSON} ZLIB::ZLIB
  ${LIB_ZSTD} ${LIB_LZMA} stdc++ pthread dl m)

find_program(LLVM_CONFIG NAMES llvm-config-19 llvm-config REQUIRED)
execute_process(COMMAND ${LLVM_CONFIG} --includedir OUTPUT_VARIABLE LLVM_INCLUDE
  OUTPUT_STRIP_TRAILING_WHITESPACE)
add_library(gaff_llvm INTERFACE)
target_include_directories(gaff_llvm SYSTEM INTERFACE ${LLVM_INCLUDE})
set(llvm_parts bpf passes)
execute_process(COMMAND ${LLVM_CONFIG} --link-static --libfiles ${llvm_parts}
  OUTPUT_VARIABLE llvm_libs OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE llvm_static ERROR_QUIET)
separate_arguments(llvm_libs)
list(GET llvm_libs 0 llvm_first)
if(GAFF_STATIC_LLVM AND llvm_static EQUAL 0 AND EXISTS "${llvm_first}")
  execute_process(COMMAND ${LLVM_CONFIG} --link-static --system-libs ${llvm_parts}
    OUTPUT_VARIABLE llvm_system OUTPUT_STRIP_TRAILING_WHITESPACE)
  separate_arguments(llvm_system)
  target_link_libraries(gaff_llvm INTERFACE ${llvm_libs} ${llvm_system} stdc++)
  target_compile_definitions(gaff_llvm INTERFACE GAFF_LLVM_LINK="static")
else()
  execute_process(COMMAND ${LLVM_CONFIG} --link-shared --libfiles OUTPUT_VARIABLE llvm_libs
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  separate_arguments(llvm_libs)
  target_link_libraries(gaff_llvm INTERFACE ${llvm_libs} stdc++)
  target_compile_definitions(gaff_llvm INTERFACE GAFF_LLVM_LINK="dynamic")
endif()

// Symbols of C++ and Rust compilers with the names they stand for; what GCC's own __cxa_demangle says of the C++ ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { demangle } from './index.ts'

const checked: string[] = []
const check = (symbol: string, expected: string) => {
  checked.push(symbol)
  test(symbol, () => assert.equal(demangle(symbol), expected))
}

check('_Z3foov', 'foo()')
check('_Z3fooiPKcz', 'foo(int, char const*, ...)')
check('_ZN3foo3barEv', 'foo::bar()')
check('_ZNK3foo3barERKSs', 'foo::bar(std::string const&) const')
check('_ZN3fooC1Ev', 'foo::foo()')
check('_ZN3fooD0Ev', 'foo::~foo()')
check('_ZN3fooIiEC2ERKS0_', 'foo<int>::foo(foo<int> const&)')
check(
  '_ZNSsC1ERKSs',
  'std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string(std::string const&)',
)
check('_ZNSolsEi', 'std::ostream::operator<<(int)')
check('_ZNSt6vectorIiSaIiEE9push_backERKi', 'std::vector<int, std::allocator<int> >::push_back(int const&)')
check(
  '_ZNSt3mapINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEiSt4lessIS5_ESaISt4pairIKS5_iEEEixERS9_',
  'std::map<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, int, std::less<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > >, std::allocator<std::pair<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const, int> > >::operator[](std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&)',
)
check('_ZN12_GLOBAL__N_13fooEv', '(anonymous namespace)::foo()')
check('_ZZ4mainvE1x', 'main()::x')
check('_ZZ4mainvE1x_0', 'main()::x')
check('_ZZN3foo3barEvENKUlvE_clEv', 'foo::bar()::{lambda()#1}::operator()() const')
check(
  '_ZZN3foo3barEvENKUliPKcE0_clEiS1_',
  'foo::bar()::{lambda(int, char const*)#2}::operator()(int, char const*) const',
)
check(
  '_ZZ3fooIiEvT_ENKUlT_E_clIcEEDaS1_',
  'auto foo<int>(int)::{lambda(auto:1)#1}::operator()<char>(char) const',
)
check('_ZplRK1AS1_', 'operator+(A const&, A const&)')
check('_ZN1AcvbEv', 'A::operator bool()')
check('_ZN1AcvT_IiEEv', 'A::operator int<int>()')
check('_ZN1AcvPT_IcEEv', 'A::operator char*<char>()')
check('_Zli2_kmy', 'operator"" _k(unsigned long, unsigned long long)')
check('_ZnwmSt11align_val_t', 'operator new(unsigned long, std::align_val_t)')
check('_ZdaPv', 'operator delete[](void*)')
check('_ZlsIcERSoS0_T_', 'std::ostream& operator<< <char>(std::ostream&, char)')
check('_ZltRK1AS1_', 'operator<(A const&, A const&)')
check('_ZltIiEbT_S0_', 'bool operator< <int>(int, int)')
check('_Z1fPFviE', 'f(void (*)(int))')
check('_Z1fPA3_i', 'f(int (*) [3])')
check('_Z1fRA5_KcOA2_A3_i', 'f(char const (&) [5], int (&&) [2][3])')
check('_Z1fM1AFivE', 'f(int (A::*)())')
check('_Z1fM1AKFivE', 'f(int (A::*)() const)')
check('_Z1fM1Ai', 'f(int A::*)')
check('_Z1fPFPFvvEiE', 'f(void (*(*)(int))())')
check('_Z1fPDoFvvE', 'f(void (*)() noexcept)')
check('_Z1fPVKi', 'f(int const volatile*)')
check('_Z1fDn', 'f(decltype(nullptr))')
check('_Z1fDv4_f', 'f(float __vector(4))')
check('_Z1fIiJcsEEvT_DpT0_', 'void f<int, char, short>(int, char, short)')
check('_Z1fIJEEvDpT_', 'void f<>()')
check('_Z1fIJiPcEEvDpRKT_', 'void f<int, char*>(int const&, char* const&)')
check('_Z1fILb1EEvv', 'void f<true>()')
check('_Z1fILin5EEvv', 'void f<-5>()')
check('_Z1fILj5ELl6ELm7ELx8ELy9EEvv', 'void f<5u, 6l, 7ul, 8ll, 9ull>()')
check('_Z1fIL1E2EEvv', 'void f<(E)2>()')
check('_Z1fIXadL_Z1gvEEEvv', 'void f<&(g())>()')
check('_Z1fIXadL_ZN1A1gEiEEEvv', 'void f<&A::g>()')
check('_Z1fIiEDTplfp_Li1EET_', 'decltype ({parm#1}+(1)) f<int>(int)')
check('_Z1fIJicEEvPAsZT__i', 'void f<int, char>(int (*) [2])')
check('_ZTV3foo', 'vtable for foo')
check('_ZTI3foo', 'typeinfo for foo')
check('_ZTS3foo', 'typeinfo name for foo')
check('_ZTT3foo', 'VTT for foo')
check('_ZThn8_N3foo3barEv', 'non-virtual thunk to foo::bar()')
check('_ZTv0_n24_N3foo3barEv', 'virtual thunk to foo::bar()')
check('_ZTCN3fooE8_3bar', 'construction vtable for bar-in-foo')
check('_ZGVZ3foovE1x', 'guard variable for foo()::x')
check('_ZGRZ3foovE1x_', 'reference temporary #0 for foo()::x')
check('_ZTW1x', 'TLS wrapper function for x')
check('_ZTH1x', 'TLS init function for x')
check('_ZN3fooB5cxx11Ev', 'foo[abi:cxx11]()')
check('_ZNK3fooB3abcIiE3barB5cxx11Ev', 'foo[abi:abc]<int>::bar[abi:cxx11]() const')
check('_ZN3foo3barEv.isra.0', 'foo::bar() [clone .isra.0]')
check('_ZN3foo3barEv.constprop.0.cold', 'foo::bar() [clone .constprop.0] [clone .cold]')
check('_ZNKRSt8optionalIiE5valueEv', 'std::optional<int>::value() const &')
check('_ZNOSt8optionalIiE5valueEv', 'std::optional<int>::value() &&')
check('_Z1fU8__vectorf', 'f(float __vector)')
check('_Z1fCf', 'f(float _Complex)')
check('_Z1fu6__int8', 'f(__int8)')
check('_ZNSt8functionIFvRKSsEEC1Ev', 'std::function<void (std::string const&)>::function()')
check(
  '_ZSt4moveIRSt6threadEONSt16remove_referenceIT_E4typeEOS3_',
  'std::remove_reference<std::thread&>::type&& std::move<std::thread&>(std::thread&)',
)
check(
  '_ZSt4endlIcSt11char_traitsIcEERSt13basic_ostreamIT_T0_ES6_',
  'std::basic_ostream<char, std::char_traits<char> >& std::endl<char, std::char_traits<char> >(std::basic_ostream<char, std::char_traits<char> >&)',
)
check('_ZNKSt5ctypeIcE8do_widenEc', 'std::ctype<char>::do_widen(char) const')
check('_ZGTtNSt11logic_errorC1EPKc', 'transaction clone for std::logic_error::logic_error(char const*)')
check('_ZN3fooUt_D2Ev', 'foo::{unnamed type#1}::~{unnamed type#1}()')
// an argument of a pack that has packs of its own
check(
  '_Z1fIJSt5tupleIJmjEEPcEEvDpOT_',
  'void f<std::tuple<unsigned long, unsigned int>, char*>(std::tuple<unsigned long, unsigned int>&&, char*&&)',
)
// the substitution S1_ is a parameter of the lambda's function first, then of the outer one
check(
  '_Z1gIiZ1fIcEvT_EUlvE_EvS1_T0_',
  'void g<int, f<char>(char)::{lambda()#1}>(int, f<char>(char)::{lambda()#1})',
)

check('_ZN4core3fmt9Formatter3pad17h0123456789abcdefE', 'core::fmt::Formatter::pad')
check('_ZN4core3str21_$LT$impl$u20$str$GT$3len17h47e1a308dd9e6612E', 'core::str::<impl str>::len')
check(
  '_ZN58_$LT$alloc..string..String$u20$as$u20$core..hash..Hash$GT$4hash17h96982158b6542158E',
  '<alloc::string::String as core::hash::Hash>::hash',
)
check('_ZN1a4main28_$u7b$$u7b$closure$u7d$$u7d$17h96982158b6542158E.llvm.123', 'a::main::{{closure}}')
check('_RNvCsbyvwVjlSt48_3log6logger', 'log::logger')
check('_RNvCs1234_7mycrate3foo', 'mycrate::foo')
check(
  '_RNvMs5_NtNtCs4Al3Pcq2HqC_11rustc_infer5infer13type_variableNtB5_17TypeVariableTable6equate.cold',
  '<rustc_infer::infer::type_variable::TypeVariableTable>::equate',
)
check('_RNvXsa_NtNtCsgEmfK2I1SDS_4core3fmt5floatfNtB7_5Debug3fmt', '<f32 as core::fmt::Debug>::fmt')
check('_RINvCs_1a1fAhj18_E', 'a::f::<[u8; 24]>')
check('_RINvCs_1a1fRSeQShTlEPuOzE', 'a::f::<&[str], &mut [u8], (i32,), *const (), *mut !>')
check('_RINvCs_1a1fFUKClElE', 'a::f::<unsafe extern "C" fn(i32) -> i32>')
check('_RINvCs_1a1fFG_RL0_eEuE', "a::f::<for<'a> fn(&'a str)>")
check('_RINvCs_1a1fDNtB2_5Shapep3OutlNtB2_4SendEL_E', 'a::f::<dyn a::Shape<Out = i32> + a::Send>')
check('_RINvCs_1a1fKb1_Kc27_Kan5_KRe616263_E', "a::f::<true, '\\'', -5, \"abc\">")
check('_RNCNvCs_1a4main0', 'a::main::{closure#0}')
check('_RNCNvCs_1a4mains_0', 'a::main::{closure#1}')
check('_RNvNtCs6xxl1lAjzDf_1au9gre_6ka8iu8lnge_loa', 'a::größe::länge')

for (const symbol of [
  '',
  'main',
  '_Z',
  '_ZN',
  '_ZN3fooE3',
  '_Z3fo',
  '_ZS_',
  '_R',
  '_RNv',
  '_RNvC1a',
  '_RB_',

  '_ZT',
])
  test(`${JSON.stringify(symbol)} stays as it is`, () => assert.equal(demangle(symbol), symbol))

test('each substitution may double the text: names that explode stay as they are', () => {
  // f(pair<int, int>, pair<S, S>, pair<that, that>, …)
  let symbol = '_Z1fSt4pairIiiE'
  const code = (n: number) => (n === 0 ? 'S_' : `S${(n - 1).toString(36).toUpperCase()}_`)
  for (let i = 1; i < 60; i++) symbol += `S_I${code(i)}${code(i)}E`
  assert.equal(demangle(symbol), symbol)
  assert.equal(demangle(`_Z1f${'P'.repeat(100_000)}i`), `_Z1f${'P'.repeat(100_000)}i`)
  let chain = '_Z1fPi'
  for (let i = 0; i < 20_000; i++) chain += `P${code(i)}`
  assert.equal(demangle(chain), chain)
  const rust = `_RINvCs_1a1f${'T'.repeat(5000)}`
  assert.equal(demangle(rust), rust)
  let types = 'TllE'
  let at = '_RINvCs_1a1f'.length - 2
  for (let i = 0; i < 40; i++) {
    const back = `B${base62(at)}`
    at += types.length
    types = `T${back}${back}E`
  }
  assert.equal(typeof demangle(`_RINvCs_1a1f${types}E`), 'string')
})

function base62(value: number): string {
  if (value === 0) return '_'
  const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
  let text = ''
  for (let rest = value - 1; text === '' || rest > 0; rest = Math.floor(rest / 62))
    text = digits[rest % 62] + text
  return `${text}_`
}

test('a long C++ name that ends nearly as a Rust one takes no time', () => {
  const symbol = `_ZN${'1a'.repeat(2000)}17h0123456789abcdegE`
  const before = performance.now()
  demangle(symbol)
  assert.ok(performance.now() - before < 60_000)
})

test('damaged symbols give some text, in bounded time', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...'STNIELXJKPRFAZCDMvijcbx_0123456789'.split(''),
      'Dp',
      'Dt',
      'fp_',
      'sr',
      'cl',
      'cv',
      'S0_',
      'T_',
      'T0_',
      'sZ',
      'Ul',
      'St',
      'Ss',
      '1a',
      '3foo',
    ),
    fc.string({ maxLength: 2 }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...checked),
      fc.array(fc.tuple(fc.nat(200), fc.nat(4), fc.array(piece, { maxLength: 6 })), { maxLength: 4 }),
      (symbol, edits) => {
        let text = symbol
        for (const [at, cut, pieces] of edits) {
          const place = Math.min(2 + at, text.length)
          text = text.slice(0, place) + pieces.join('') + text.slice(place + cut)
        }
        assert.equal(typeof demangle(text), 'string')
      },
    ),
    { numRuns: 5000 },
  )
})

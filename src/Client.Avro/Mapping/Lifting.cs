using System.Reflection;

namespace Loire.Client.Avro;

/// <summary>From the readers and writers of a type to those of its nullable form, or of <see cref="object"/>.</summary>
internal static class Lifting
{
    private static readonly MethodInfo NullableReader = Method(nameof(ReadNullable));
    private static readonly MethodInfo NullableWriter = Method(nameof(WriteNullable));
    private static readonly MethodInfo BoxedReader = Method(nameof(ReadBoxed));
    private static readonly MethodInfo BoxedWriter = Method(nameof(WriteBoxed));

    /// <summary>A reader of <c>type?</c>.</summary>
    public static Delegate Reader(Type type, Delegate read) => Lift(NullableReader, type, read);

    /// <summary>A writer of <c>type?</c>, not called with null.</summary>
    public static Delegate Writer(Type type, Delegate write) => Lift(NullableWriter, type, write);

    public static ValueReader<object?> Boxing(Type type, Delegate read) => (ValueReader<object?>)Lift(BoxedReader, type, read);

    public static ValueWriter<object> Unboxing(Type type, Delegate write) => (ValueWriter<object>)Lift(BoxedWriter, type, write);

    private static ValueReader<T?> ReadNullable<T>(ValueReader<T> read)
        where T : struct => (ref reader) => read(ref reader);

    private static ValueWriter<T?> WriteNullable<T>(ValueWriter<T> write)
        where T : struct => (ref writer, value) => write(ref writer, value!.Value);

    private static ValueReader<object?> ReadBoxed<T>(ValueReader<T> read) => (ref reader) => read(ref reader);

    private static ValueWriter<object> WriteBoxed<T>(ValueWriter<T> write) => (ref writer, value) => write(ref writer, (T)value);

    private static Delegate Lift(MethodInfo method, Type type, Delegate part) =>
        (Delegate)method.MakeGenericMethod(type).Invoke(null, [part])!;

    private static MethodInfo Method(string name) => typeof(Lifting).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!;
}

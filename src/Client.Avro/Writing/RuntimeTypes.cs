using System.Collections.Concurrent;

namespace Loire.Client.Avro;

/// <summary>Writes values whose type is known when they are written: one writer for each type that comes.</summary>
internal sealed class RuntimeTypes(WriterCompiler compiler, AvroSchema schema, string where)
{
    private readonly ConcurrentDictionary<Type, ValueWriter<object>> _writers = [];

    public ValueWriter<object?> Writer => Write;

    private void Write(ref AvroWriter writer, object? value) => Of(value!.GetType())(ref writer, value);

    private ValueWriter<object> Of(Type type)
    {
        if (_writers.TryGetValue(type, out var known))
        {
            return known;
        }

        // An object of no other type would lead here again and again.
        return type != typeof(object)
            ? _writers.GetOrAdd(type, Lifting.Unboxing(type, compiler.CompileLater(schema, type, where)))
            : throw NaturalTypes.Mismatch(schema, type, where);
    }
}

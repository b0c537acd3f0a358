using System.Linq.Expressions;
using System.Reflection;

namespace Loire.Client.Avro;

/// <summary>A record's writer: what refers to it may be made before its body is.</summary>
internal sealed class RecordWriter<T>
{
    public ValueWriter<T>? Body { get; set; }

    public void Write(ref AvroWriter writer, T value)
    {
        writer.Enter();
        Body!(ref writer, value);
        writer.Leave();
    }
}

/// <summary>Writers of records.</summary>
internal static class RecordWriters
{
    private static readonly MethodInfo WriteDefaultMethod =
        typeof(RecordWriters).GetMethod(nameof(WriteDefault), BindingFlags.Static | BindingFlags.NonPublic)!;

    /// <summary>From <see cref="AvroRecord"/>, which must be of the same schema.</summary>
    public static ValueWriter<AvroRecord> Generic(WriterCompiler compiler, RecordSchema schema)
    {
        var fields = new ValueWriter<object?>[schema.Fields.Count];
        for (var i = 0; i < fields.Length; i++)
        {
            var field = schema.Fields[i];
            fields[i] = (ValueWriter<object?>)compiler.Compile(field.Schema, typeof(object), $"{schema.Name}.{field.Name}");
        }

        return (ref writer, record) =>
        {
            if (!ReferenceEquals(record.Schema, schema) && !record.Schema.Equals(schema))
            {
                throw new AvroDataException($"A record of another schema, {record.Schema.Label}, cannot be written as {schema.Label}.");
            }

            for (var i = 0; i < fields.Length; i++)
            {
                fields[i](ref writer, record[i]);
            }
        };
    }

    /// <summary>
    /// From a type of .NET, by code that is compiled once. A field that the type does not have is written as its default.
    /// </summary>
    public static ValueWriter<T> Typed<T>(WriterCompiler compiler, RecordSchema schema, string where)
    {
        var shape = new RecordShape(typeof(T), schema, where);
        var writer = Expression.Parameter(typeof(AvroWriter).MakeByRefType(), "writer");
        var value = Expression.Parameter(typeof(T), "value");
        var body = new List<Expression>();
        var readable = shape.Readable();
        for (var i = 0; i < readable.Length; i++)
        {
            var field = schema.Fields[i];
            if (readable[i] is { } member)
            {
                var write = compiler.Compile(field.Schema, RecordShape.TypeOf(member), $"{schema.Name}.{field.Name}");
                body.Add(Expression.Invoke(Expression.Constant(write), writer, Expression.MakeMemberAccess(value, member)));
            }
            else
            {
                body.Add(Expression.Call(WriteDefaultMethod, writer, Expression.Constant(field.Default ?? throw new AvroMappingException(
                    $"{where}: {typeof(T)} has nothing for the field {schema.Name}.{field.Name}, and that has no default."))));
            }
        }

        body.Add(Expression.Empty());
        return Expression.Lambda<ValueWriter<T>>(Expression.Block(body), writer, value).Compile();
    }

    private static void WriteDefault(ref AvroWriter writer, byte[] bytes) => writer.WriteRaw(bytes);
}

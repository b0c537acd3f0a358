using System.Reflection;
using System.Runtime.CompilerServices;

namespace Loire.Client.Avro;

/// <summary>Makes the writer of a schema and a type, from the writers of their parts.</summary>
internal sealed class WriterCompiler
{
    private static readonly MethodInfo GenericCompile =
        typeof(WriterCompiler).GetMethod(nameof(CompileAny), BindingFlags.Instance | BindingFlags.NonPublic)!;

    private static readonly MethodInfo GenericScalar =
        typeof(WriterCompiler).GetMethod(nameof(Scalar), BindingFlags.Static | BindingFlags.NonPublic)!;

    /// <summary>Records by what they are made from, so that one that holds itself is made once.</summary>
    private readonly Dictionary<(AvroName Name, Type Type), object> _records = [];

    /// <summary>The writer.</summary>
    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    public static ValueWriter<T> Compile<T>(AvroSchema schema) => new WriterCompiler().CompileAny<T>(schema, typeof(T).Name);

    /// <summary>The writer of a type that is known at run time only: a <see cref="ValueWriter{T}"/> of that type.</summary>
    public Delegate Compile(AvroSchema schema, Type type, string where) => (Delegate)GenericCompile
        .MakeGenericMethod(type)
        .Invoke(this, BindingFlags.DoNotWrapExceptions, null, [schema, where], null)!;

    /// <summary>
    /// As <see cref="Compile(AvroSchema, Type, string)"/>, for what is found out while values are written, by several threads at once. It
    /// shares the records of the first compilation; otherwise each level of records that hold themselves would have writers of its own.
    /// </summary>
    public Delegate CompileLater(AvroSchema schema, Type type, string where)
    {
        lock (_records)
        {
            return Compile(schema, type, where);
        }
    }

    private ValueWriter<T> CompileAny<T>(AvroSchema schema, string where)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new AvroMappingException($"{where} is nested too deep.");
        }

        if (schema is UnionSchema union)
        {
            return UnionWriters.Of<T>(this, union, where);
        }

        if (schema.Type == AvroType.Null)
        {
            return default(T) is null
                ? (ref _, value) => Refuse(value, where)
                : throw new AvroMappingException($"{where} is null by its schema, which {typeof(T)} cannot be.");
        }

        var write = NonNull<T>(schema, where);
        return default(T) is not null ? write : (ref writer, value) =>
        {
            if (value is null)
            {
                throw new AvroDataException($"{where} is null, and its schema is {schema.Label}.");
            }

            write(ref writer, value);
        };
    }

    private ValueWriter<T> NonNull<T>(AvroSchema schema, string where)
    {
        if (typeof(T) == typeof(object))
        {
            return (ValueWriter<T>)(object)new RuntimeTypes(this, schema, where).Writer;
        }

        if (Nullable.GetUnderlyingType(typeof(T)) is { } underlying)
        {
            return (ValueWriter<T>)Lifting.Writer(underlying, Compile(schema, underlying, where));
        }

        return schema switch
        {
            RecordSchema record => Record<T>(record, where),
            ArraySchema array => (ValueWriter<T>)CollectionWriters.Array(this, array, typeof(T), where),
            MapSchema map => (ValueWriter<T>)CollectionWriters.Map(this, map, typeof(T), where),
            EnumSchema choice => EnumWriters.Of<T>(choice, where),
            _ => ScalarMappings.Find(schema, typeof(T)) is { } mapping
                ? (ValueWriter<T>)GenericScalar.MakeGenericMethod(mapping.AvroSide, mapping.Clr).Invoke(null, [schema, mapping, where])!
                : throw NaturalTypes.Mismatch(schema, typeof(T), where),
        };
    }

    private ValueWriter<T> Record<T>(RecordSchema schema, string where)
    {
        if (_records.TryGetValue((schema.Name, typeof(T)), out var known))
        {
            return ((RecordWriter<T>)known).Write;
        }

        var record = new RecordWriter<T>();
        _records.Add((schema.Name, typeof(T)), record);
        try
        {
            record.Body = typeof(T) == typeof(AvroRecord)
                ? (ValueWriter<T>)(object)RecordWriters.Generic(this, schema)
                : RecordWriters.Typed<T>(this, schema, where);
        }
        catch (AvroMappingException exception)
        {
            // Whoever has got hold of it meanwhile learns the same.
            record.Body = (ref _, _) => throw new AvroMappingException(exception.Message);
            _records.Remove((schema.Name, typeof(T)));
            throw;
        }

        return record.Write;
    }

    private static ValueWriter<TClr> Scalar<TAvro, TClr>(AvroSchema schema, ScalarMapping<TAvro, TClr> mapping, string where)
    {
        var (write, convert) = ((ValueWriter<TAvro>)ScalarWriters.Of(schema), mapping.Write);
        if (typeof(TAvro) == typeof(TClr) && schema.Type != AvroType.Int)
        {
            return (ValueWriter<TClr>)(object)write;
        }

        return (ref writer, value) =>
        {
            try
            {
                write(ref writer, convert(value));
            }
            catch (OverflowException exception)
            {
                throw new AvroDataException($"{where} is {value}, which {schema.Label} cannot hold.", exception);
            }
        };
    }

    private static void Refuse<T>(T value, string where)
    {
        if (value is not null)
        {
            throw new AvroDataException($"{where} is null by its schema, and not null as a value.");
        }
    }
}

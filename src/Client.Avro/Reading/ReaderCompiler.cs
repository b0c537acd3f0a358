using System.Reflection;
using System.Runtime.CompilerServices;

namespace Loire.Client.Avro;

/// <summary>Makes the reader of a writer's schema, a reader's schema and a type, from the readers of their parts.</summary>
internal sealed class ReaderCompiler
{
    private static readonly MethodInfo GenericCompile =
        typeof(ReaderCompiler).GetMethod(nameof(CompileAny), BindingFlags.Instance | BindingFlags.NonPublic)!;

    private static readonly MethodInfo GenericScalar =
        typeof(ReaderCompiler).GetMethod(nameof(Scalar), BindingFlags.Static | BindingFlags.NonPublic)!;

    /// <summary>Records by what they are made from, so that one that holds itself is made once.</summary>
    private readonly Dictionary<RecordKey, object> _records = [];

    /// <summary>The reader.</summary>
    /// <exception cref="AvroResolutionException">The schemas do not fit each other.</exception>
    /// <exception cref="AvroMappingException">The type does not fit the reader's schema.</exception>
    public static ValueReader<T> Compile<T>(AvroSchema writer, AvroSchema reader) =>
        new ReaderCompiler().CompileAny<T>(writer, reader, typeof(T).Name);

    /// <summary>The reader of a type that is known at run time only: a <see cref="ValueReader{T}"/> of that type.</summary>
    public Delegate Compile(AvroSchema writer, AvroSchema reader, Type type, string where) => (Delegate)GenericCompile
        .MakeGenericMethod(type)
        .Invoke(this, BindingFlags.DoNotWrapExceptions, null, [writer, reader, where], null)!;

    /// <summary>The reader of a field's default value.</summary>
    public ValueReader<T> Default<T>(RecordField field, string where)
    {
        var (bytes, read) = (field.Default!, CompileAny<T>(field.Schema, field.Schema, where));
        return (ref reader) =>
        {
            var within = reader.Within(bytes);
            return read(ref within);
        };
    }

    private ValueReader<T> CompileAny<T>(AvroSchema writer, AvroSchema reader, string where)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new AvroMappingException($"{where} is nested too deep.");
        }

        if (writer is UnionSchema union)
        {
            return Branches<T>(union, reader, where);
        }

        if (reader is UnionSchema choices)
        {
            reader = SchemaResolution.Branch(writer, choices) ?? throw Mismatch(writer, reader, where);
        }

        if (!SchemaResolution.Matches(writer, reader))
        {
            throw Mismatch(writer, reader, where);
        }

        if (typeof(T) == typeof(object))
        {
            return (ValueReader<T>)(object)Boxed(writer, reader, where);
        }

        if (reader.Type == AvroType.Null)
        {
            return default(T) is null
                ? static (ref _) => default!
                : throw new AvroMappingException($"{where} is null by its schema, which {typeof(T)} cannot be.");
        }

        if (Nullable.GetUnderlyingType(typeof(T)) is { } underlying)
        {
            return (ValueReader<T>)Lifting.Reader(underlying, Compile(writer, reader, underlying, where));
        }

        return reader switch
        {
            RecordSchema record => Record<T>((RecordSchema)writer, record, where),
            ArraySchema array => (ValueReader<T>)CollectionReaders.Array(this, (ArraySchema)writer, array, typeof(T), where),
            MapSchema map => (ValueReader<T>)CollectionReaders.Map(this, (MapSchema)writer, map, typeof(T), where),
            EnumSchema choice => EnumReaders.Of<T>((EnumSchema)writer, choice, where),
            _ => ScalarMappings.Find(reader, typeof(T)) is { } mapping
                ? (ValueReader<T>)GenericScalar
                    .MakeGenericMethod(mapping.AvroSide, mapping.Clr)
                    .Invoke(null, [writer, reader, mapping, where])!
                : throw NaturalTypes.Mismatch(reader, typeof(T), where),
        };
    }

    /// <summary>One reader for each branch of the writer's. One that cannot be read is an error only when data has it.</summary>
    private ValueReader<T> Branches<T>(UnionSchema writer, AvroSchema reader, string where)
    {
        var branches = new ValueReader<T>[writer.Branches.Count];
        var failures = 0;
        for (var i = 0; i < branches.Length; i++)
        {
            try
            {
                branches[i] = writer.Branches[i].Type == AvroType.Null && default(T) is not null && Accepts(reader)
                    ? Failing<T>($"{where} is null, which {typeof(T)} cannot be.")
                    : CompileAny<T>(writer.Branches[i], reader, where);
            }
            catch (AvroResolutionException exception) when (++failures < branches.Length)
            {
                branches[i] = Failing<T>(exception.Message);
            }
        }

        return (ref bytes) => branches[bytes.ReadIndex(branches.Length)](ref bytes);
    }

    private ValueReader<T> Record<T>(RecordSchema writer, RecordSchema reader, string where)
    {
        var key = new RecordKey(writer, reader, typeof(T));
        if (_records.TryGetValue(key, out var known))
        {
            return ((RecordReader<T>)known).Read;
        }

        var record = new RecordReader<T>();
        _records.Add(key, record);
        try
        {
            record.Body = typeof(T) == typeof(AvroRecord)
                ? (ValueReader<T>)(object)GenericRecords.Reader(this, writer, reader, where)
                : TypedRecords.Reader<T>(this, writer, reader, where);
        }
        catch (AvroException exception)
        {
            // Whoever has got hold of it meanwhile learns the same.
            record.Body = Failing<T>(exception.Message);
            _records.Remove(key);
            throw;
        }

        return record.Read;
    }

    private ValueReader<object?> Boxed(AvroSchema writer, AvroSchema reader, string where)
    {
        if (reader.Type == AvroType.Null)
        {
            return static (ref _) => null;
        }

        var natural = NaturalTypes.Of(reader);
        return Lifting.Boxing(natural, Compile(writer, reader, natural, where));
    }

    private static ValueReader<TClr> Scalar<TAvro, TClr>(
        AvroSchema writer, AvroSchema reader, ScalarMapping<TAvro, TClr> mapping, string where)
    {
        var read = (ValueReader<TAvro>)ScalarReaders.Of(writer, reader);
        if (typeof(TAvro) == typeof(TClr))
        {
            return (ValueReader<TClr>)(object)read;
        }

        var convert = mapping.Read;
        return (ref bytes) =>
        {
            var value = read(ref bytes);
            try
            {
                return convert(value);
            }
            catch (OverflowException exception)
            {
                throw new AvroDataException($"{where} holds {value}, which {typeof(TClr).Name} cannot.", exception);
            }
        };
    }

    private static bool Accepts(AvroSchema reader) =>
        reader.Type == AvroType.Null || (reader is UnionSchema union && union.NullBranch >= 0);

    private static ValueReader<T> Failing<T>(string message) => (ref _) => throw new AvroDataException(message);

    private static AvroResolutionException Mismatch(AvroSchema writer, AvroSchema reader, string where) =>
        new($"{where} was written as {writer.Label}, which cannot be read as {reader.Label}.");

    /// <summary>Schemas by identity: two records of one name may differ where the canonical form does not.</summary>
    private readonly record struct RecordKey(RecordSchema Writer, RecordSchema Reader, Type Type)
    {
        public bool Equals(RecordKey other) =>
            ReferenceEquals(Writer, other.Writer) && ReferenceEquals(Reader, other.Reader) && Type == other.Type;

        public override int GetHashCode() => HashCode.Combine(Writer.Name, Reader.Name, Type);
    }
}

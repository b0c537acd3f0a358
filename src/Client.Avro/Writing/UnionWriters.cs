using System.Collections.Concurrent;

namespace Loire.Client.Avro;

/// <summary>
/// Writers of unions. The branch of a value is: null for null; that of its own name for an <see cref="AvroRecord"/>,
/// <see cref="AvroEnum"/> or <see cref="AvroFixed"/>; else by its type, see <see cref="Choose"/>.
/// </summary>
internal static class UnionWriters
{
    public static ValueWriter<T> Of<T>(WriterCompiler compiler, UnionSchema union, string where)
    {
        if (typeof(T) == typeof(object))
        {
            return (ValueWriter<T>)(object)(ValueWriter<object?>)new RuntimeUnion(compiler, union, where).Write;
        }

        if (NaturalTypes.IsGeneric(typeof(T)))
        {
            var branches = new RuntimeUnion(compiler, union, where);
            return (ref writer, value) => branches.Write(ref writer, value);
        }

        var underlying = Nullable.GetUnderlyingType(typeof(T));
        var (branch, part) = Choose(compiler.Compile, union, underlying ?? typeof(T), where);
        var write = (ValueWriter<T>)(underlying is null ? part : Lifting.Writer(underlying, part));
        return (ref writer, value) =>
        {
            if (value is null)
            {
                WriteNull(ref writer, union, where);
                return;
            }

            writer.WriteLong(branch);
            write(ref writer, value);
        };
    }

    /// <summary>
    /// The branch for a type and its writer: the one whose natural type it is, else a record of the type's name, else the first that the
    /// type fits.
    /// </summary>
    public static (int Branch, Delegate Write) Choose(
        Func<AvroSchema, Type, string, Delegate> compile, UnionSchema union, Type type, string where)
    {
        var order = Enumerable.Range(0, union.Branches.Count).Where(i => i != union.NullBranch)
            .OrderByDescending(i => NaturalTypes.Of(union.Branches[i]) == type)
            .ThenByDescending(i => union.Branches[i] is RecordSchema record && LooseName.Comparer.Equals(record.Name.Local, type.Name));
        AvroMappingException? failure = null;
        foreach (var i in order)
        {
            try
            {
                return (i, compile(union.Branches[i], type, where));
            }
            catch (AvroMappingException exception)
            {
                failure ??= exception;
            }
        }

        throw union.Branches.Count(branch => branch.Type != AvroType.Null) == 1 ? failure! : NaturalTypes.Mismatch(union, type, where);
    }

    public static void WriteNull(ref AvroWriter writer, UnionSchema union, string where) => writer.WriteLong(union.NullBranch >= 0
        ? union.NullBranch
        : throw new AvroDataException($"{where} is null, and its schema is a {union.Label}."));

    /// <summary>A union of values whose type is known when they are written.</summary>
    private sealed class RuntimeUnion(WriterCompiler compiler, UnionSchema union, string where)
    {
        private readonly ConcurrentDictionary<(Type Type, int Named), (int Branch, ValueWriter<object> Write)> _branches = [];

        public void Write(ref AvroWriter writer, object? value)
        {
            if (value is null)
            {
                WriteNull(ref writer, union, where);
                return;
            }

            var key = (value.GetType(), Named(value));
            if (!_branches.TryGetValue(key, out var known))
            {
                known = _branches.GetOrAdd(key, Find);
            }

            writer.WriteLong(known.Branch);
            known.Write(ref writer, value);
        }

        /// <summary>The branch of a value that knows its schema; −1 for any other.</summary>
        private int Named(object value)
        {
            var name = value switch
            {
                AvroRecord record => record.Schema.Name,
                AvroEnum choice => choice.Schema.Name,
                AvroFixed block => block.Schema.Name,
                _ => default(AvroName?),
            };
            for (var i = 0; name is not null && i < union.Branches.Count; i++)
            {
                if ((union.Branches[i] as NamedSchema)?.Name == name)
                {
                    return i;
                }
            }

            return name is null ? -1 : throw new AvroDataException($"{where} is of {name}, which is none of the {union.Label}.");
        }

        private (int Branch, ValueWriter<object> Write) Find((Type Type, int Named) key)
        {
            if (key.Type == typeof(object))
            {
                throw NaturalTypes.Mismatch(union, key.Type, where);
            }

            var (branch, write) = key.Named >= 0
                ? (key.Named, compiler.CompileLater(union.Branches[key.Named], key.Type, where))
                : Choose(compiler.CompileLater, union, key.Type, where);
            return (branch, Lifting.Unboxing(key.Type, write));
        }
    }
}

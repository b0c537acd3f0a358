using System.Reflection;

namespace Loire.Client.Avro;

/// <summary>Readers of arrays and maps. Room is made for items as they come, whatever a block claims to hold.</summary>
internal static class CollectionReaders
{
    private static readonly MethodInfo ItemsReader = Method(nameof(Items));
    private static readonly MethodInfo ClrArrayReader = Method(nameof(ClrArray));
    private static readonly MethodInfo EntriesReader = Method(nameof(Entries));

    public static Delegate Array(ReaderCompiler compiler, ArraySchema writer, ArraySchema reader, Type type, string where)
    {
        if (CollectionShape.OfItems(type) is not { Made: { } made, Item: var item })
        {
            throw NaturalTypes.Mismatch(reader, type, where);
        }

        var read = compiler.Compile(writer.Items, reader.Items, item, where + "[]");
        var method = made.IsArray ? ClrArrayReader.MakeGenericMethod(item) : ItemsReader.MakeGenericMethod(made, item);
        return (Delegate)method.Invoke(null, [read, writer])!;
    }

    public static Delegate Map(ReaderCompiler compiler, MapSchema writer, MapSchema reader, Type type, string where)
    {
        if (CollectionShape.OfEntries(type) is not { Made: { } made, Item: var value })
        {
            throw NaturalTypes.Mismatch(reader, type, where);
        }

        var read = compiler.Compile(writer.Values, reader.Values, value, where + "{}");
        return (Delegate)EntriesReader.MakeGenericMethod(made, value).Invoke(null, [read])!;
    }

    private static ValueReader<TCollection> Items<TCollection, T>(ValueReader<T> read, ArraySchema schema)
        where TCollection : ICollection<T>, new() => (ref reader) =>
        {
            var items = new TCollection();
            while (reader.ReadBlock(schema.ItemsMayBeEmpty, out var end) is > 0 and var count)
            {
                for (; count > 0; count--)
                {
                    items.Add(read(ref reader));
                }

                reader.EndBlock(end);
            }

            return items;
        };

    private static ValueReader<T[]> ClrArray<T>(ValueReader<T> read, ArraySchema schema)
    {
        var items = Items<List<T>, T>(read, schema);
        return (ref reader) => [.. items(ref reader)];
    }

    /// <summary>A key that comes twice has its last value, as in every other implementation.</summary>
    private static ValueReader<TMap> Entries<TMap, T>(ValueReader<T> read)
        where TMap : IDictionary<string, T>, new() => (ref reader) =>
        {
            var entries = new TMap();
            while (reader.ReadBlock(mayBeEmpty: false, out var end) is > 0 and var count)
            {
                for (; count > 0; count--)
                {
                    var key = reader.ReadString();
                    entries[key] = read(ref reader);
                }

                reader.EndBlock(end);
            }

            return entries;
        };

    private static MethodInfo Method(string name) =>
        typeof(CollectionReaders).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!;
}

using System.Reflection;
using System.Runtime.InteropServices;

namespace Loire.Client.Avro;

/// <summary>Writers of arrays and maps: one block with everything.</summary>
internal static class CollectionWriters
{
    private static readonly MethodInfo ListWriter = Method(nameof(List));
    private static readonly MethodInfo ClrArrayWriter = Method(nameof(ClrArray));
    private static readonly MethodInfo ItemsWriter = Method(nameof(Items));
    private static readonly MethodInfo EntriesWriter = Method(nameof(Entries));

    public static Delegate Array(WriterCompiler compiler, ArraySchema schema, Type type, string where)
    {
        var item = CollectionShape.OfItems(type)?.Item ?? throw NaturalTypes.Mismatch(schema, type, where);
        var write = compiler.Compile(schema.Items, item, where + "[]");
        var method = type == item.MakeArrayType() ? ClrArrayWriter.MakeGenericMethod(item)
            : type == typeof(List<>).MakeGenericType(item) ? ListWriter.MakeGenericMethod(item)
            : ItemsWriter.MakeGenericMethod(type, item);
        return (Delegate)method.Invoke(null, [write])!;
    }

    public static Delegate Map(WriterCompiler compiler, MapSchema schema, Type type, string where)
    {
        var value = CollectionShape.OfEntries(type)?.Item ?? throw NaturalTypes.Mismatch(schema, type, where);
        var write = compiler.Compile(schema.Values, value, where + "{}");
        return (Delegate)EntriesWriter.MakeGenericMethod(type, value).Invoke(null, [write])!;
    }

    private static ValueWriter<T[]> ClrArray<T>(ValueWriter<T> write) => (ref writer, items) => WriteSpan(ref writer, items, write);

    private static ValueWriter<List<T>> List<T>(ValueWriter<T> write) =>
        (ref writer, items) => WriteSpan(ref writer, CollectionsMarshal.AsSpan(items), write);

    /// <summary>Copied first, because how many there are stands in front.</summary>
    private static ValueWriter<TItems> Items<TItems, T>(ValueWriter<T> write)
        where TItems : IEnumerable<T> => (ref writer, items) => WriteSpan(ref writer, items.ToArray(), write);

    private static ValueWriter<TMap> Entries<TMap, T>(ValueWriter<T> write)
        where TMap : IEnumerable<KeyValuePair<string, T>> => (ref writer, map) =>
        {
            var entries = map.ToArray();
            writer.WriteBlock(entries.Length);
            foreach (var (key, value) in entries)
            {
                writer.WriteString(key);
                write(ref writer, value);
            }

            writer.WriteEnd();
        };

    private static void WriteSpan<T>(ref AvroWriter writer, ReadOnlySpan<T> items, ValueWriter<T> write)
    {
        writer.WriteBlock(items.Length);
        foreach (var item in items)
        {
            write(ref writer, item);
        }

        writer.WriteEnd();
    }

    private static MethodInfo Method(string name) =>
        typeof(CollectionWriters).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!;
}

namespace Loire.KafkaGenerator.Schema;

/// <summary>The whole table.</summary>
/// <param name="Apis">Requests and answers, by their keys.</param>
/// <param name="Embedded">Messages that travel within others.</param>
public sealed record SchemaTable(IReadOnlyList<Api> Apis, IReadOnlyList<Message> Embedded)
{
    /// <summary>Every message.</summary>
    public IEnumerable<Message> Messages => Apis.SelectMany(api => new[] { api.Request, api.Response }).Concat(Embedded);

    /// <summary>Reads all files of a folder.</summary>
    /// <exception cref="SchemaException">A file breaks the rules of the format.</exception>
    public static SchemaTable Load(string folder)
    {
        List<Api> apis = [];
        List<Message> embedded = [];
        foreach (var file in Directory.EnumerateFiles(folder, "*.txt").Order(StringComparer.Ordinal))
        {
            new SchemaParser(Path.GetFileName(file), File.ReadAllLines(file)).Parse(apis.Add, embedded.Add);
        }

        return new SchemaTable([.. apis.OrderBy(api => api.Key)], embedded);
    }
}

/// <summary>A request and its answer.</summary>
/// <param name="Key">The number of the API.</param>
/// <param name="Name">Its name.</param>
/// <param name="Versions">The versions of both.</param>
/// <param name="Unstable">The first version that brokers do not list yet; null if there is none.</param>
/// <param name="Request">The request.</param>
/// <param name="Response">The answer.</param>
public sealed record Api(short Key, string Name, VersionRange Versions, short? Unstable, Message Request, Message Response);

/// <summary>One message.</summary>
/// <param name="Name">The name, such as <c>MetadataRequest</c>.</param>
/// <param name="Versions">The versions that it has.</param>
/// <param name="FlexibleFrom">The first version with compact lengths and tagged fields; null if there is none.</param>
/// <param name="Root">The fields.</param>
/// <param name="Structs">The structs within, in the order of their first use.</param>
public sealed record Message(string Name, VersionRange Versions, short? FlexibleFrom, Struct Root, IReadOnlyList<Struct> Structs)
{
    /// <summary>Whether a version has compact lengths and tagged fields.</summary>
    public bool IsFlexible(int version) => version >= FlexibleFrom;
}

/// <summary>Fields in the order of the wire.</summary>
/// <param name="Name">The name; that of the message for its root.</param>
/// <param name="Fields">The fields.</param>
public sealed record Struct(string Name, IReadOnlyList<Field> Fields);

/// <summary>One field.</summary>
/// <param name="Name">The name in Kafka's schemas, which is that in JSON.</param>
/// <param name="Type">The type, or that of the elements.</param>
/// <param name="StructName">The struct, if the type is one.</param>
/// <param name="IsArray">Whether there are any number of them.</param>
/// <param name="Versions">The versions that have the field.</param>
/// <param name="Nullable">Those of them in which it may be null; null if it never is.</param>
/// <param name="Default">What it has where it is left out; null for zero, empty, or null if it is nullable.</param>
/// <param name="Tag">The tag if it is a tagged field.</param>
public sealed record Field(
    string Name, FieldType Type, string? StructName, bool IsArray, VersionRange Versions, VersionRange? Nullable, string? Default, int? Tag);

/// <summary>Versions from one to another, both included.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last.</param>
public sealed record VersionRange(short First, short Last)
{
    /// <summary>Each version.</summary>
    public IEnumerable<short> All => Enumerable.Range(First, Last - First + 1).Select(version => (short)version);

    /// <summary>Whether a version is one of them.</summary>
    public bool Contains(int version) => version >= First && version <= Last;

    /// <inheritdoc/>
    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";
}

/// <summary>The types of the protocol.</summary>
public enum FieldType
{
    /// <summary>One byte, 0 or not.</summary>
    Bool,

    /// <summary>One byte.</summary>
    Int8,

    /// <summary>Two bytes.</summary>
    Int16,

    /// <summary>Two bytes: a code of Kafka's error table.</summary>
    Error,

    /// <summary>Two bytes without sign.</summary>
    UInt16,

    /// <summary>Four bytes.</summary>
    Int32,

    /// <summary>Eight bytes.</summary>
    Int64,

    /// <summary>Eight bytes.</summary>
    Float64,

    /// <summary>Sixteen bytes.</summary>
    Uuid,

    /// <summary>UTF-8 with its length.</summary>
    String,

    /// <summary>Bytes with their length.</summary>
    Bytes,

    /// <summary>Record batches with their length.</summary>
    Records,

    /// <summary>Fields.</summary>
    Struct,
}

/// <summary>The table breaks the rules of its format.</summary>
/// <param name="file">The file.</param>
/// <param name="line">The number of the line, from 1.</param>
/// <param name="problem">What is wrong.</param>
public sealed class SchemaException(string file, int line, string problem) : Exception($"{file}:{line}: {problem}");

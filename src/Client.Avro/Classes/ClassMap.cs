using System.Collections;
using Avro;
using Avro.Generic;
using Avro.Util;

namespace Loire.Client.Avro;

/// <summary>
/// The .NET types of a schema's records, enums, arrays and maps, found by walking a type and a schema in parallel. Below a property of type
/// <see cref="object"/> the values are Apache.Avro's generic ones.
/// </summary>
internal sealed class ClassMap
{
    private readonly Dictionary<Schema, RecordClass> _records = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Schema, EnumMap> _enums = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Schema, CollectionMap> _arrays = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Schema, Type> _maps = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Schema> _byteArrays = new(ReferenceEqualityComparer.Instance);

    /// <exception cref="AvroMappingException">The type does not fit the schema.</exception>
    public ClassMap(Type type, Schema schema) => Add(type, schema, schema.Fullname);

    /// <summary>The type of a record; null if it is generic.</summary>
    public RecordClass? RecordOf(RecordSchema schema) => _records.GetValueOrDefault(schema);

    /// <summary>The members of an enum; null if it is generic.</summary>
    public EnumMap? EnumOf(EnumSchema schema) => _enums.GetValueOrDefault(schema);

    /// <summary>The collection type of an array; null if it is generic.</summary>
    public CollectionMap? ArrayOf(ArraySchema schema) => _arrays.GetValueOrDefault(schema);

    /// <summary>The dictionary type of a map; null if it is generic.</summary>
    public Type? MapOf(MapSchema schema) => _maps.GetValueOrDefault(schema);

    /// <summary>Whether values of a fixed are byte arrays.</summary>
    public bool IsByteArray(FixedSchema schema) => _byteArrays.Contains(schema);

    /// <summary>The other branch of a union of null and one type; null for all other schemas.</summary>
    public static Schema? NonNullBranch(Schema schema) => schema is UnionSchema { Count: 2 } union
        ? (union[0].Tag, union[1].Tag) switch
        {
            (Schema.Type.Null, _) => union[1],
            (_, Schema.Type.Null) => union[0],
            _ => null,
        }
        : null;

    private void Add(Type type, Schema schema, string path)
    {
        if (type == typeof(object))
        {
            return;
        }

        type = Nullable.GetUnderlyingType(type) ?? type;
        switch (schema)
        {
            case UnionSchema when NonNullBranch(schema) is { } branch:
                Add(type, branch, path);
                break;
            case RecordSchema record:
                AddRecord(type, record, path);
                break;
            case EnumSchema choice when type.IsEnum:
                _enums.TryAdd(choice, new EnumMap(type, choice));
                break;
            case ArraySchema array when type != typeof(string) && CollectionMap.Of(type) is { } collection:
                _arrays[array] = collection;
                Add(collection.Item, array.ItemSchema, path + "[]");
                break;
            case MapSchema map when type.GenericTypeArguments is [_, var value] && type.IsAssignableFrom(DictionaryOf(value)):
                _maps[map] = DictionaryOf(value);
                Add(value, map.ValueSchema, path + "{}");
                break;
            case FixedSchema block when type == typeof(byte[]):
                _byteArrays.Add(block);
                break;
            case LogicalSchema { LogicalType: UnknownLogicalType } logical:
                Add(type, logical.BaseSchema, path);
                break;
            default:
                Check(type == NaturalType(schema), type, schema, path);
                break;
        }
    }

    private void AddRecord(Type type, RecordSchema record, string path)
    {
        if (_records.TryGetValue(record, out var known))
        {
            Check(known.Type == type, type, record, path);
            return;
        }

        Check(!type.IsPrimitive && !type.IsAbstract && !typeof(IEnumerable).IsAssignableFrom(type), type, record, path);
        var made = new RecordClass(type, record);
        _records.Add(record, made);
        foreach (var field in record.Fields)
        {
            Add(made.Properties[field.Pos].Type, field.Schema, $"{path}.{field.Name}");
        }
    }

    private static void Check(bool fits, Type type, Schema schema, string path)
    {
        if (!fits)
        {
            throw new AvroMappingException($"{type.Name} does not fit {schema.Fullname} ({schema.Tag}) at {path}.");
        }
    }

    private static Type DictionaryOf(Type value) => typeof(Dictionary<,>).MakeGenericType(typeof(string), value);

    private static Type? NaturalType(Schema schema) => schema.Tag switch
    {
        Schema.Type.Boolean => typeof(bool),
        Schema.Type.Int => typeof(int),
        Schema.Type.Long => typeof(long),
        Schema.Type.Float => typeof(float),
        Schema.Type.Double => typeof(double),
        Schema.Type.Bytes => typeof(byte[]),
        Schema.Type.String => typeof(string),
        Schema.Type.Fixed => typeof(GenericFixed),
        Schema.Type.Enumeration => typeof(GenericEnum),
        Schema.Type.Logical => ((LogicalSchema)schema).LogicalType.GetCSharpType(false),
        _ => null,
    };
}

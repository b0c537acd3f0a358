using System.Buffers.Text;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Kafka.Protocol.Wire;
using Loire.KafkaGenerator.Schema;

namespace Loire.Kafka.TestKit;

/// <summary>
/// A message as JSON, by the names of Kafka's schemas; bytes and records are base64, ids URL-safe base64 without padding. It reads and writes by the table alone,
/// so that it checks the generated code as well. Tagged fields that are left out on the wire are left out in JSON.
/// </summary>
public sealed class JsonMessage : IKafkaMessage
{
    private readonly Message _schema;

    /// <summary>A message.</summary>
    /// <param name="name">Its name, such as <c>MetadataRequest</c>.</param>
    /// <param name="body">The fields; those that are missing have their defaults. As with Kafka's own JSON, those of other versions are
    /// left out when it is written; a name that no version has is refused.</param>
    public JsonMessage(string name, JsonObject? body = null)
    {
        (_schema, Body) = (KafkaSchema.Of(name), body ?? []);
    }

    /// <summary>The fields.</summary>
    public JsonObject Body { get; private set; }

    /// <inheritdoc/>
    public void Read(ref KafkaReader reader, short version) => Body = ReadFields(ref reader, _schema.Root, version);

    /// <inheritdoc/>
    public void Write(ref KafkaWriter writer, short version) => WriteFields(ref writer, _schema.Root, Body, version);

    private JsonObject ReadFields(ref KafkaReader reader, Struct type, short version)
    {
        var fields = new JsonObject();
        var flexible = _schema.IsFlexible(version);
        foreach (var field in type.Fields.Where(field => field.Tag is null && field.Versions.Contains(version)))
        {
            fields[field.Name] = ReadField(ref reader, field, version, flexible);
        }

        if (flexible)
        {
            for (var tags = reader.ReadTags(); reader.NextTag(ref tags);)
            {
                var tag = tags.Tag;
                if (type.Fields.SingleOrDefault(field => field.Tag == tag && field.Versions.Contains(version)) is { } field)
                {
                    fields[field.Name] = ReadField(ref reader, field, version, flexible);
                }
                else
                {
                    reader.SkipTag(tags);
                }
            }
        }

        return fields;
    }

    private JsonNode? ReadField(ref KafkaReader reader, Field field, short version, bool flexible)
    {
        var mayBeNull = field.Nullable?.Contains(version) == true;
        if (field.IsArray)
        {
            return ReadArray(ref reader, field, version, flexible, mayBeNull);
        }

        if (field.Type == FieldType.Struct && mayBeNull && field.Tag is null && reader.ReadInt8() < 0)
        {
            return null;
        }

        return ReadOne(ref reader, field, version, flexible, mayBeNull);
    }

    private JsonArray? ReadArray(ref KafkaReader reader, Field field, short version, bool flexible, bool mayBeNull)
    {
        var count = flexible ? (long)reader.ReadVarint() - 1 : reader.ReadInt32();
        if (count < 0)
        {
            return mayBeNull && count == -1 ? null : throw new MalformedMessageException(MalformedReason.UnexpectedNull, reader.Position);
        }

        var items = new JsonArray();
        for (; count > 0; count--)
        {
            items.Add(ReadOne(ref reader, field, version, flexible, mayBeNull: false));
        }

        return items;
    }

    private JsonNode? ReadOne(ref KafkaReader reader, Field field, short version, bool flexible, bool mayBeNull) => field.Type switch
    {
        FieldType.Bool => reader.ReadBoolean(),
        FieldType.Int8 => reader.ReadInt8(),
        FieldType.Int16 or FieldType.Error => reader.ReadInt16(),
        FieldType.UInt16 => reader.ReadUInt16(),
        FieldType.Int32 => reader.ReadInt32(),
        FieldType.Int64 => reader.ReadInt64(),
        FieldType.Float64 => reader.ReadFloat64(),
        FieldType.Uuid => Text(reader.ReadUuid()),
        FieldType.String => mayBeNull ? reader.ReadNullableString(flexible) : reader.ReadString(flexible),
        FieldType.Struct => ReadFields(ref reader, StructOf(field), version),
        _ => mayBeNull ? Text(reader.ReadNullableBytes(flexible)) : Text(reader.ReadBytes(flexible)),
    };

    private void WriteFields(ref KafkaWriter writer, Struct type, JsonObject fields, short version)
    {
        foreach (var (name, _) in fields)
        {
            if (!type.Fields.Any(field => field.Name == name))
            {
                throw new ArgumentException($"{_schema.Name} has no {type.Name}.{name}.");
            }
        }

        var flexible = _schema.IsFlexible(version);
        foreach (var field in type.Fields.Where(field => field.Tag is null && field.Versions.Contains(version)))
        {
            WriteField(ref writer, field, Value(field, fields, version), version, flexible);
        }

        if (flexible)
        {
            Field[] tagged = [.. type.Fields
                .Where(field => field.Tag is not null && field.Versions.Contains(version) && fields[field.Name] is { } value && !JsonNode.DeepEquals(value, Default(field, version)))
                .OrderBy(field => field.Tag)];
            writer.WriteVarint((uint)tagged.Length);
            foreach (var field in tagged)
            {
                var start = writer.BeginTag(field.Tag!.Value);
                WriteField(ref writer, field, fields[field.Name], version, flexible);
                writer.EndTag(start);
            }
        }
    }

    private void WriteField(ref KafkaWriter writer, Field field, JsonNode? value, short version, bool flexible)
    {
        if (value is null && field.Nullable?.Contains(version) != true)
        {
            throw new ArgumentException($"{_schema.Name} {version} has a null {field.Name}.");
        }

        if (field.IsArray)
        {
            var items = value?.AsArray();
            var count = items?.Count ?? -1;
            if (flexible)
            {
                writer.WriteVarint((uint)(count + 1));
            }
            else
            {
                writer.WriteInt32(count);
            }

            foreach (var item in items ?? [])
            {
                WriteOne(ref writer, field, item, version, flexible);
            }

            return;
        }

        if (field is { Type: FieldType.Struct, Tag: null } && field.Nullable?.Contains(version) == true)
        {
            writer.WriteInt8(value is null ? (sbyte)-1 : (sbyte)1);
            if (value is null)
            {
                return;
            }
        }

        WriteOne(ref writer, field, value, version, flexible);
    }

    private void WriteOne(ref KafkaWriter writer, Field field, JsonNode? value, short version, bool flexible)
    {
        switch (field.Type)
        {
            case FieldType.Bool:
                writer.WriteBoolean(value!.GetValue<bool>());
                break;
            case FieldType.Int8:
                writer.WriteInt8((sbyte)Integer(value));
                break;
            case FieldType.Int16 or FieldType.Error:
                writer.WriteInt16((short)Integer(value));
                break;
            case FieldType.UInt16:
                writer.WriteUInt16((ushort)Integer(value));
                break;
            case FieldType.Int32:
                writer.WriteInt32((int)Integer(value));
                break;
            case FieldType.Int64:
                writer.WriteInt64(Integer(value));
                break;
            case FieldType.Float64:
                writer.WriteFloat64(double.Parse(value!.ToJsonString(), CultureInfo.InvariantCulture));
                break;
            case FieldType.Uuid:
                writer.WriteUuid(new Guid(Base64Url.DecodeFromChars(value!.GetValue<string>()), bigEndian: true));
                break;
            case FieldType.String:
                writer.WriteNullableString(value?.GetValue<string>(), flexible);
                break;
            case FieldType.Struct:
                WriteFields(ref writer, StructOf(field), value!.AsObject(), version);
                break;
            default:
                writer.WriteNullableBytes(value is null ? default(ReadOnlyMemory<byte>?) : Convert.FromBase64String(value.GetValue<string>()), flexible);
                break;
        }
    }

    private Struct StructOf(Field field) => _schema.Structs.Single(one => one.Name == field.StructName);

    private JsonNode? Value(Field field, JsonObject fields, short version) =>
        fields.TryGetPropertyValue(field.Name, out var value) ? value : Default(field, version);

    private static JsonNode? Default(Field field, short version) => (field.IsArray, field.Type) switch
    {
        _ when field.Nullable?.Contains(version) == true => null,
        (true, _) => new JsonArray(),
        (_, FieldType.Struct) => new JsonObject(),
        (_, FieldType.String or FieldType.Bytes or FieldType.Records) => "",
        (_, FieldType.Uuid) => Text(Guid.Empty),
        (_, FieldType.Bool) => field.Default == "true",
        _ => JsonNode.Parse(field.Default ?? "0"),
    };

    /// <summary>Of any number, whether it was parsed or made.</summary>
    private static long Integer(JsonNode? value) => long.Parse(value!.ToJsonString(), CultureInfo.InvariantCulture);

    private static string Text(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));

    private static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Convert.ToBase64String(some.Span) : null;
}

using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;

namespace Loire.ConsumerProxy;

/// <summary>
/// A consumer's settings as its group stores them (the user data of its membership): JSON behind a prefix that no other kind of member
/// has.
/// </summary>
internal static class SettingsText
{
    private const string Mark = "loire.consumer/1 ";

    // The group's journal is not a page: quotes within the dialect's text take one character more, not five.
    private static readonly SettingsJson Json = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new InstanceIdJson(), new OffsetSpecJson() },
    });

    public static string Write(ConsumerSettings settings) => Mark + JsonSerializer.Serialize(settings, Json.ConsumerSettings);

    public static bool TryRead(string? text, [NotNullWhen(true)] out ConsumerSettings? settings)
    {
        settings = null;
        if (text?.StartsWith(Mark, StringComparison.Ordinal) != true)
        {
            return false;
        }

        try
        {
            settings = JsonSerializer.Deserialize(text.AsSpan(Mark.Length), Json.ConsumerSettings);
            return settings is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // A number, the kind's: the form that stored settings have.
    private sealed class OffsetSpecJson : JsonConverter<OffsetSpec>
    {
        public override OffsetSpec Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            (OffsetSpecKind)reader.GetInt32() switch
            {
                OffsetSpecKind.Latest => OffsetSpec.Latest,
                OffsetSpecKind.Earliest => OffsetSpec.Earliest,
                OffsetSpecKind.None => OffsetSpec.None,
                var kind => throw new JsonException($"{kind} is no rule for a consumer without a position."),
            };

        public override void Write(Utf8JsonWriter writer, OffsetSpec value, JsonSerializerOptions options) =>
            writer.WriteNumberValue((int)value.Kind);
    }

    private sealed class InstanceIdJson : JsonConverter<GroupInstanceId>
    {
        public override GroupInstanceId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            GroupInstanceId.TryParse(reader.GetString(), out var id, out var problem) ? id : throw new JsonException(problem);

        public override void Write(Utf8JsonWriter writer, GroupInstanceId value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Value);
    }
}

[JsonSerializable(typeof(ConsumerSettings))]
internal sealed partial class SettingsJson : JsonSerializerContext;

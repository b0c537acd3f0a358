using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.RestProxy.Requests;

namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>
/// A consumer instance to be made. Every server of the dialect has its own spelling for some settings, and writes numbers and truth values
/// as themselves or as text: all are taken.
/// </summary>
/// <param name="Id">Confluent's older word for the name.</param>
/// <param name="Name">The instance's name; absent for one that is made up.</param>
/// <param name="Format">binary (the default), json or text.</param>
/// <param name="AutoOffsetReset">latest (the default), earliest or none.</param>
/// <param name="AutoCommitEnable">Whether what is finished is committed by itself (true).</param>
/// <param name="EnableAutoCommit">The same, as Strimzi and Kafka spell it.</param>
/// <param name="FetchMinBytes">Bytes that a fetch waits for, up to 10,000,000; −1 (the default) for any.</param>
/// <param name="ResponseMinBytes">The same in Confluent's older word.</param>
/// <param name="RequestTimeout">How long a request for records waits, in milliseconds (1000).</param>
/// <param name="RequestWaitMs">The same in Confluent's older word.</param>
/// <param name="IsolationLevel">read_committed (the default, unlike Kafka's) or read_uncommitted; Strimzi's.</param>
internal sealed record V2CreateInstanceJson(
    string? Id = null,
    string? Name = null,
    string? Format = null,
    [property: JsonPropertyName("auto.offset.reset")] string? AutoOffsetReset = null,
    [property: JsonPropertyName("auto.commit.enable")] JsonElement? AutoCommitEnable = null,
    [property: JsonPropertyName("enable.auto.commit")] JsonElement? EnableAutoCommit = null,
    [property: JsonPropertyName("fetch.min.bytes")] JsonElement? FetchMinBytes = null,
    [property: JsonPropertyName("responseMinBytes")] JsonElement? ResponseMinBytes = null,
    [property: JsonPropertyName("consumer.request.timeout.ms")] JsonElement? RequestTimeout = null,
    [property: JsonPropertyName("requestWaitMs")] JsonElement? RequestWaitMs = null,
    [property: JsonPropertyName("isolation.level")] string? IsolationLevel = null);

/// <summary>The instance that was made, and where its requests go: to whatever host answered this one.</summary>
internal sealed record V2InstanceJson(string InstanceId, string BaseUri);

/// <summary>What the dialect has to remember of an instance; the grain keeps it.</summary>
internal sealed record InstanceDialect(EmbeddedFormat Format, int TimeoutMs)
{
    public static readonly InstanceDialect Default = new(EmbeddedFormat.Binary, 1_000);

    [JsonIgnore]
    public TimeSpan Wait => TimeSpan.FromMilliseconds(TimeoutMs) is var wait && wait < Limits.FetchWait ? wait : Limits.FetchWait;

    /// <summary>Reads it; a consumer that was made through the native API has none.</summary>
    public static InstanceDialect Of(ConsumerSettings settings)
    {
        try
        {
            return settings.Dialect is { } text ? JsonSerializer.Deserialize<InstanceDialect>(text, V2Json.Options) ?? Default : Default;
        }
        catch (JsonException)
        {
            return Default;
        }
    }

    public override string ToString() => JsonSerializer.Serialize(this, V2Json.Options);
}

/// <summary>Makes a consumer's settings of what a client wrote.</summary>
internal static class InstanceSettings
{
    private const int FetchMinBytesMax = 10_000_000;

    /// <summary>Reads the name and the settings; what is wrong with them, if something is.</summary>
    public static V2Error? TryRead(V2CreateInstanceJson wanted, string host, out string name, out ConsumerSettings settings)
    {
        // The name is all that keeps one client from the instance of another.
        name = wanted.Id ?? wanted.Name ?? $"rest-consumer-{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
        settings = null!;
        var error = ConsumerKey.FindProblem(name) is { } problem ? V2Error.InvalidConfig(problem) : null;
        var format = ReadFormat(wanted.Format, ref error);
        var reset = ReadReset(wanted.AutoOffsetReset, ref error);
        var commits = ReadTruth("auto.commit.enable", wanted.AutoCommitEnable ?? wanted.EnableAutoCommit, ref error);
        var minBytes = ReadNumber("fetch.min.bytes", wanted.FetchMinBytes ?? wanted.ResponseMinBytes, -1, -1, FetchMinBytesMax, ref error);
        var wait = wanted.RequestTimeout ?? wanted.RequestWaitMs;
        var timeout = ReadNumber("consumer.request.timeout.ms", wait, InstanceDialect.Default.TimeoutMs, 0, int.MaxValue, ref error);
        error ??= wanted.IsolationLevel is null or "read_uncommitted" or "read_committed"
            ? null
            : V2Error.InvalidConfig("isolation.level must be read_uncommitted or read_committed.");
        settings = new ConsumerSettings(
            ClientId: name,
            Host: host,
            InstanceId: null,
            OffsetReset: reset,
            AutoCommitInterval: commits ? TimeSpan.FromSeconds(5) : null,
            SessionTimeout: TimeSpan.FromSeconds(45),
            MaxPollInterval: TimeSpan.FromMinutes(5),
            Assignors: ["cooperative-sticky"],
            FetchMinBytes: Math.Max(1, minBytes),
            Dialect: new InstanceDialect(format, timeout).ToString(),
            Isolation: wanted.IsolationLevel == "read_uncommitted" ? IsolationLevel.ReadUncommitted : null);
        return error;
    }

    private static EmbeddedFormat ReadFormat(string? text, ref V2Error? error)
    {
        switch (text?.ToLowerInvariant())
        {
            case null or "binary":
                return EmbeddedFormat.Binary;
            case "json":
                return EmbeddedFormat.Json;
            case "text":
                return EmbeddedFormat.Text;
            case "avro" or "jsonschema" or "protobuf":
                error ??= V2Error.InvalidConfig("There is no schema registry: the format must be binary, json or text.");
                break;
            default:
                error ??= V2Error.Invalid("The format must be binary, json or text.");
                break;
        }

        return EmbeddedFormat.Binary;
    }

    private static OffsetSpec ReadReset(string? text, ref V2Error? error)
    {
        if (OffsetSpec.TryParse(text?.ToLowerInvariant() ?? "latest", out var reset) && reset.IsReset)
        {
            return reset;
        }

        error ??= V2Error.InvalidConfig("auto.offset.reset must be latest, earliest or none.");
        return OffsetSpec.Latest;
    }

    private static bool ReadTruth(string name, JsonElement? element, ref V2Error? error)
    {
        var value = true;
        var isOne = element is not { ValueKind: not JsonValueKind.Null } given || bool.TryParse(given.ToString(), out value);
        error ??= isOne ? null : V2Error.InvalidConfig($"{name} must be true or false.");
        return value;
    }

    private static int ReadNumber(string name, JsonElement? element, int fallback, int min, int max, ref V2Error? error)
    {
        if (element is not { ValueKind: not JsonValueKind.Null } given)
        {
            return fallback;
        }

        if (!long.TryParse(given.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            error ??= V2Error.InvalidConfig($"{name} must be a whole number.");
        }
        else if (value < min || value > max)
        {
            error ??= V2Error.OutOfRange(string.Create(CultureInfo.InvariantCulture, $"{name} must lie between {min} and {max}."));
        }

        return error is null ? (int)value : fallback;
    }
}

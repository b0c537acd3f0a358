using System.Diagnostics.CodeAnalysis;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Protocol.Apis;

/// <summary>
/// One API of the protocol: what the codec knows of it. It knows more APIs and versions than are served; which those are is the business of the handlers.
/// </summary>
public sealed class KafkaApi
{
    private static readonly KafkaApi?[] ByKey = IndexByKey();

    private readonly Func<IKafkaMessage> _newRequest;
    private readonly Func<IKafkaMessage> _newResponse;

    internal KafkaApi(
        ApiKey key, short minVersion, short maxVersion, short stableVersion, short flexibleVersion, Func<IKafkaMessage> newRequest, Func<IKafkaMessage> newResponse)
    {
        (Key, MinVersion, MaxVersion, StableVersion, FlexibleVersion) = (key, minVersion, maxVersion, stableVersion, flexibleVersion);
        (_newRequest, _newResponse) = (newRequest, newResponse);
    }

    /// <summary>All APIs by their keys.</summary>
    public static IReadOnlyList<KafkaApi> All => ApiTable.Rows;

    /// <summary>The number that stands in requests.</summary>
    public ApiKey Key { get; }

    /// <summary>Kafka's name.</summary>
    public string Name => Key.ToString();

    /// <summary>The lowest version that the codec knows.</summary>
    public short MinVersion { get; }

    /// <summary>The highest version that the codec knows.</summary>
    public short MaxVersion { get; }

    /// <summary>The highest version that a broker of Kafka 4.4 lists: versions above are under development.</summary>
    public short StableVersion { get; }

    /// <summary>The first version with compact lengths and tagged fields; <see cref="short.MaxValue"/> if there is none.</summary>
    public short FlexibleVersion { get; }

    /// <summary>Finds an API by its key.</summary>
    /// <param name="key">As it stands in a request.</param>
    /// <param name="api">The API.</param>
    /// <returns>Whether clients use the key.</returns>
    public static bool TryFind(short key, [NotNullWhen(true)] out KafkaApi? api)
    {
        api = (uint)key < (uint)ByKey.Length ? ByKey[key] : null;
        return api is not null;
    }

    /// <summary>Finds an API of which is known that it is in the table.</summary>
    public static KafkaApi Of(ApiKey key) =>
        TryFind((short)key, out var api) ? api : throw new ArgumentOutOfRangeException(nameof(key), key, "No such API is in the table.");

    /// <summary>Whether the codec knows a version.</summary>
    public bool Knows(short version) => version >= MinVersion && version <= MaxVersion;

    /// <summary>Whether a version has compact lengths and tagged fields.</summary>
    public bool IsFlexible(short version) => version >= FlexibleVersion;

    /// <summary>The version of the header before a request: 2 for flexible versions, 1 for others.</summary>
    public short RequestHeaderVersion(short version) => IsFlexible(version) ? (short)2 : (short)1;

    /// <summary>
    /// The version of the header before an answer: 1 for flexible versions, 0 for others and always for ApiVersions, whose client does not know yet which version
    /// it gets (KIP-511).
    /// </summary>
    public short ResponseHeaderVersion(short version) => IsFlexible(version) && Key != ApiKey.ApiVersions ? (short)1 : (short)0;

    /// <summary>A request with all fields at their defaults.</summary>
    public IKafkaMessage NewRequest() => _newRequest();

    /// <summary>An answer with all fields at their defaults.</summary>
    public IKafkaMessage NewResponse() => _newResponse();

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static KafkaApi?[] IndexByKey()
    {
        var index = new KafkaApi?[ApiTable.Rows.Max(api => (int)api.Key) + 1];
        foreach (var api in ApiTable.Rows)
        {
            index[(int)api.Key] = api;
        }

        return index;
    }
}

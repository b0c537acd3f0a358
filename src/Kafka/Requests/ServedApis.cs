using Loire.Kafka.Protocol.Apis;

namespace Loire.Kafka.Requests;

/// <summary>The APIs that are served, by the handlers that are registered. ApiVersions lists these and nothing else.</summary>
public sealed class ServedApis
{
    private readonly Dictionary<ApiKey, IKafkaHandler> _handlers;

    /// <param name="handlers">One for each API.</param>
    /// <exception cref="ArgumentException">Two serve the same API, or one serves a version that the codec does not know.</exception>
    public ServedApis(IEnumerable<IKafkaHandler> handlers)
    {
        All = [.. handlers.OrderBy(handler => handler.Api.Key)];
        _handlers = All.ToDictionary(handler => handler.Api.Key);
        if (All.FirstOrDefault(handler => !handler.Api.Knows(handler.MinVersion) || !handler.Api.Knows(handler.MaxVersion)) is { } unknown)
        {
            throw new ArgumentException($"{unknown.Api} is to be served in versions that are not known.", nameof(handlers));
        }
    }

    /// <summary>The handlers in the order of their keys.</summary>
    public IReadOnlyList<IKafkaHandler> All { get; }

    /// <summary>Finds who serves a version of an API; null if nobody does.</summary>
    public IKafkaHandler? Find(KafkaApi api, short version) =>
        _handlers.TryGetValue(api.Key, out var handler) && version >= handler.MinVersion && version <= handler.MaxVersion ? handler : null;
}

using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Requests;

/// <summary>Serves one API of the protocol, in the versions that it names: what is registered is what ApiVersions lists.</summary>
public interface IKafkaHandler
{
    /// <summary>The API.</summary>
    KafkaApi Api { get; }

    /// <summary>The lowest version that is served, and listed.</summary>
    short MinVersion { get; }

    /// <summary>The highest version that is served, and listed.</summary>
    short MaxVersion { get; }

    /// <summary>
    /// Whether an answer may hold many bytes. Such a request begins once the answer to the one before it on the connection has been sent, so that a client that does not read
    /// keeps the bytes of one answer only.
    /// </summary>
    bool AnswersAreLarge => false;

    /// <summary>
    /// Serves a request. The requests of a connection begin one after the other, in their order, and end in any order: what must happen in that order happens before the
    /// first wait. The answers leave in the order of the requests all the same.
    /// </summary>
    /// <param name="context">The request's header and its connection.</param>
    /// <param name="request">The body, of the API.</param>
    /// <returns>The answer; null for a request that has none.</returns>
    /// <exception cref="CloseConnectionException">The connection is to be closed without an answer.</exception>
    ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, IKafkaMessage request);

    /// <summary>The answer to a request that failed as a whole, in the schema of its version.</summary>
    /// <param name="context">The request's header and its connection.</param>
    /// <param name="request">The body.</param>
    /// <param name="error">Why.</param>
    IKafkaMessage Refuse(HandlerContext context, IKafkaMessage request, ErrorCode error);
}

/// <summary>Serves one API of the protocol.</summary>
/// <typeparam name="TRequest">The body of its requests.</typeparam>
/// <param name="key">The API.</param>
/// <param name="minVersion">The lowest version that is served.</param>
/// <param name="maxVersion">The highest version that is served.</param>
internal abstract class KafkaHandler<TRequest>(ApiKey key, short minVersion, short maxVersion) : IKafkaHandler
    where TRequest : class, IKafkaMessage
{
    /// <inheritdoc/>
    public KafkaApi Api { get; } = KafkaApi.Of(key);

    /// <inheritdoc/>
    public short MinVersion => minVersion;

    /// <inheritdoc/>
    public short MaxVersion => maxVersion;

    /// <inheritdoc/>
    public virtual bool AnswersAreLarge => false;

    /// <inheritdoc/>
    public ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, IKafkaMessage request) => HandleAsync(context, (TRequest)request);

    /// <inheritdoc/>
    public IKafkaMessage Refuse(HandlerContext context, IKafkaMessage request, ErrorCode error) => Refuse(context, (TRequest)request, error);

    /// <inheritdoc cref="IKafkaHandler.HandleAsync"/>
    protected abstract ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, TRequest request);

    /// <inheritdoc cref="IKafkaHandler.Refuse"/>
    protected abstract IKafkaMessage Refuse(HandlerContext context, TRequest request, ErrorCode error);
}

/// <summary>A request that Kafka answers by closing the connection.</summary>
/// <param name="reason">Why, for the log of the node.</param>
internal sealed class CloseConnectionException(string reason) : Exception(reason);

using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Protocol.Frames;

/// <summary>What goes before the body of a request.</summary>
/// <param name="Api">The API.</param>
/// <param name="Version">The version of the body, and of the answer. The codec knows it, or the API is ApiVersions: a client that asks for a version of that
/// which is too new gets an answer in version 0.</param>
/// <param name="CorrelationId">Stands in the answer.</param>
/// <param name="ClientId">What the client calls itself; null counts as empty.</param>
public readonly record struct RequestHeader(KafkaApi Api, short Version, int CorrelationId, string? ClientId)
{
    /// <summary>Reads a header.</summary>
    /// <param name="reader">Stands at the first byte of the frame, and at that of the body afterwards.</param>
    /// <exception cref="MalformedMessageException">
    /// The bytes are not a header; the API is none that clients use (<see cref="MalformedReason.UnknownApi"/>), or the codec does not know the version
    /// (<see cref="MalformedReason.UnsupportedVersion"/>). As Kafka does, the connection is then closed without an answer.
    /// </exception>
    public static RequestHeader Read(ref KafkaReader reader)
    {
        var (key, version) = (reader.ReadInt16(), reader.ReadInt16());
        if (!KafkaApi.TryFind(key, out var api))
        {
            throw new MalformedMessageException(MalformedReason.UnknownApi, reader.Position, $"key {key}");
        }

        if (!api.Knows(version) && api.Key != ApiKey.ApiVersions)
        {
            throw new MalformedMessageException(MalformedReason.UnsupportedVersion, reader.Position, $"{api.Name} {version}");
        }

        var correlationId = reader.ReadInt32();

        // The client id has the classic form in every version of the header: the version is known only to who knows the API.
        var clientId = reader.ReadNullableString(compact: false);
        if (api.RequestHeaderVersion(version) >= 2)
        {
            reader.SkipTags();
        }

        return new RequestHeader(api, version, correlationId, clientId);
    }

    internal void Write(ref KafkaWriter writer)
    {
        writer.WriteInt16((short)Api.Key);
        writer.WriteInt16(Version);
        writer.WriteInt32(CorrelationId);
        writer.WriteNullableString(ClientId, compact: false);
        if (Api.RequestHeaderVersion(Version) >= 2)
        {
            writer.WriteVarint(0);
        }
    }
}

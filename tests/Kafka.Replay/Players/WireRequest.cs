using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Replay.Recordings;
using Loire.Kafka.TestKit;

namespace Loire.Kafka.Replay.Players;

/// <summary>Bytes to be sent, and how their answer is read.</summary>
/// <param name="Bytes">The bytes, with the length of the frame.</param>
/// <param name="Api">The API; null if the bytes are no request.</param>
/// <param name="Version">The version of the request.</param>
/// <param name="CorrelationId">Stands in the answer.</param>
/// <param name="AnswerVersion">The version in which the answer is expected.</param>
internal sealed record WireRequest(byte[] Bytes, KafkaApi? Api, short Version, int CorrelationId, short AnswerVersion)
{
    private const int LengthSize = 4;
    private const int RawHeaderSize = 12;

    /// <summary>A request.</summary>
    /// <param name="api">Kafka's name of the API.</param>
    /// <param name="version">The version.</param>
    /// <param name="correlationId">Stands in the answer.</param>
    /// <param name="body">The fields, by the names of Kafka's schemas.</param>
    /// <param name="step">The step, which may say more of how the request is written.</param>
    /// <exception cref="ArgumentException">The codec does not know the API, or the body does not fit it.</exception>
    public static WireRequest Of(string api, short version, int correlationId, JsonObject body, JsonObject step)
    {
        var known = KafkaApi.Of(Enum.Parse<ApiKey>(api));

        // A null client id is sent as such; without the field the client has a name.
        var client = step.ContainsKey("clientId") ? step.Text("clientId") : ScenarioPlayer.Client;
        var written = (short)step.Int("encodeAs", version);
        byte[] frame;
        using (var request = OutgoingFrame.Request(new RequestHeader(known, version, correlationId, client), new Written(new JsonMessage($"{api}Request", body), written)))
        {
            frame = request.ToArray();
        }

        frame = frame[..^step.Int("cutBytes", 0)];
        frame = [.. frame, .. Convert.FromHexString(step.Text("extraBytes") ?? "")];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - LengthSize);
        return new WireRequest(frame, known, version, correlationId, (short)step.Int("answerVersion", version));
    }

    /// <summary>Bytes as they are. Where they begin as a request does, its answer is read as one.</summary>
    public static WireRequest Raw(byte[] bytes)
    {
        var isRequest = bytes.Length >= RawHeaderSize && BinaryPrimitives.ReadInt32BigEndian(bytes) == bytes.Length - LengthSize;
        if (isRequest && KafkaApi.TryFind(BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan(4)), out var api))
        {
            var version = BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan(6));
            return new WireRequest(bytes, api, version, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(8)), version);
        }

        return new WireRequest(bytes, null, 0, 0, 0);
    }

    /// <summary>A body that is written in another version than the header says.</summary>
    private sealed class Written(JsonMessage body, short version) : IKafkaMessage
    {
        public void Read(ref KafkaReader reader, short other) => body.Read(ref reader, version);

        public void Write(ref KafkaWriter writer, short other) => body.Write(ref writer, version);
    }
}

using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.TestKit;

namespace Loire.Kafka.Tests.Messages;

/// <summary>What eleven clients sent to Apache Kafka, and what it answered.</summary>
public class CaptureTests
{
    public static TheoryData<string> Files() => [.. RecordedFrames.CaptureFiles];

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_frame_of_a_client_decodes_to_its_JSON_and_encodes_to_the_same_bytes(string file)
    {
        var frames = RecordedFrames.Lines(file).Where(line => line["hex"] is not null).ToArray();
        Assert.InRange(frames.Length, 50, 1_000);
        Assert.All(frames, line =>
        {
            var (hex, body) = (line["hex"]!.GetValue<string>(), line["body"]!.AsObject());
            var reader = new KafkaReader(Convert.FromHexString(hex));
            if (line["what"]!.GetValue<string>() == "request")
            {
                var header = RequestHeader.Read(ref reader);
                Assert.Equal(line["api"]!.GetValue<string>(), header.Api.Name);
                Assert.Equal(line["version"]!.GetValue<short>(), header.Version);
                Assert.Equal(line["correlation"]!.GetValue<int>(), header.CorrelationId);
                Assert.Equal(line["clientId"]?.GetValue<string>(), header.ClientId);
                var request = header.Api.NewRequest();
                request.Read(ref reader, header.Version);
                Assert.Equal(0, reader.Remaining);
                Assert.Null(ObjectJson.Difference(request, body));
                using var frame = OutgoingFrame.Request(header, request);
                AssertFrame(hex, frame);
            }
            else
            {
                var header = new RequestHeader(KafkaApi.Of((ApiKey)line["key"]!.GetValue<short>()), line["version"]!.GetValue<short>(), line["correlation"]!.GetValue<int>(), "");
                Assert.Equal(header.CorrelationId, reader.ReadInt32());
                if (header.Api.ResponseHeaderVersion(header.Version) == 1)
                {
                    reader.SkipTags();
                }

                var response = header.Api.NewResponse();
                response.Read(ref reader, header.Version);
                Assert.Equal(0, reader.Remaining);
                Assert.Null(ObjectJson.Difference(response, body));
                using var frame = OutgoingFrame.Response(header, response);
                AssertFrame(hex, frame);
            }
        });
    }

    private static void AssertFrame(string hex, OutgoingFrame frame) => Assert.Equal($"{hex.Length / 2:x8}{hex}", Convert.ToHexStringLower(frame.ToArray()));
}

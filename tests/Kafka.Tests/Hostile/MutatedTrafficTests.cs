using System.Globalization;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.TestKit;
using Xunit.Abstractions;

namespace Loire.Kafka.Tests.Hostile;

/// <summary>
/// Requests of real clients and of the vectors, changed at random. <c>LOIRE_SEED</c> repeats a run, <c>LOIRE_KAFKA_MUTATIONS</c> says how many frames are tried.
/// </summary>
public class MutatedTrafficTests(ITestOutputHelper output)
{
    private const int Frames = 20_000;

    [Fact]
    public void A_mutated_request_is_a_request_that_can_be_written_again_or_malformed()
    {
        var seed = Number("LOIRE_SEED", Random.Shared.Next());
        output.WriteLine($"LOIRE_SEED={seed}");
        var (requests, strings) = (new MutatedRequests(new Random(seed)), new StringCache());
        var decoded = 0;
        for (var left = Number("LOIRE_KAFKA_MUTATIONS", Frames); left > 0; left--)
        {
            var frame = requests.Next();
            try
            {
                if (Decoding.ReadRequest(frame, strings) is { } request)
                {
                    AssertStable(request.Header, request.Body);
                    decoded++;
                }
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"LOIRE_SEED={seed}, {Convert.ToHexString(frame)}: {exception}");
            }
        }

        output.WriteLine($"{decoded} were requests");
    }

    /// <summary>What was read is written, read and written again: the same bytes.</summary>
    private static void AssertStable(RequestHeader header, IKafkaMessage body)
    {
        var written = MessageBytes.Encode(body, header.Version);
        var again = header.Api.NewRequest();
        var reader = new KafkaReader(written);
        again.Read(ref reader, header.Version);
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(Convert.ToHexString(written), Convert.ToHexString(MessageBytes.Encode(again, header.Version)));
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}

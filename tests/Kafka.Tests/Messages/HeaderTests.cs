using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.TestKit;

namespace Loire.Kafka.Tests.Messages;

/// <summary>What goes before bodies.</summary>
public class HeaderTests
{
    [Fact]
    public void Each_body_has_the_header_that_Kafka_puts_before_it()
    {
        var lines = RecordedFrames.MessageFiles.SelectMany(RecordedFrames.Lines).Where(line => line["headerVersion"] is not null).ToArray();
        Assert.InRange(lines.Length, 1_000, 2_000);
        Assert.All(lines, line =>
        {
            var (api, version) = (KafkaApi.Of((ApiKey)line["key"]!.GetValue<short>()), line["version"]!.GetValue<short>());
            Assert.Equal(line["api"]!.GetValue<string>(), api.Name);
            Assert.True(api.Knows(version));
            Assert.Equal(line["unstable"] is not null, version > api.StableVersion);
            Assert.Equal(
                line["headerVersion"]!.GetValue<short>(),
                line["kind"]!.GetValue<string>() == "request" ? api.RequestHeaderVersion(version) : api.ResponseHeaderVersion(version));
        });
    }

    [Theory]
    [InlineData("0003000c000000070003616263", "00", "abc")]
    [InlineData("0003000c000000070003616263", "0107026869", "abc")]
    [InlineData("00030008000000070003616263", "", "abc")]
    [InlineData("0003000800000007ffff", "", null)]
    [InlineData("00030008000000070000", "", "")]
    public void A_request_header_keeps_the_classic_client_id_and_skips_unknown_tags(string fields, string tags, string? clientId)
    {
        var reader = new KafkaReader(Convert.FromHexString(fields + tags + "2a"));
        var header = RequestHeader.Read(ref reader);
        Assert.Equal((ApiKey.Metadata, 7, clientId), (header.Api.Key, header.CorrelationId, header.ClientId));
        Assert.Equal(1, reader.Remaining);
    }

    [Theory]
    [InlineData("0004000000000000ffff", MalformedReason.UnknownApi)]
    [InlineData("7fff000000000000ffff", MalformedReason.UnknownApi)]
    [InlineData("ffff000000000000ffff", MalformedReason.UnknownApi)]
    [InlineData("0003000e00000000ffff", MalformedReason.UnsupportedVersion)]
    [InlineData("0003ffff00000000ffff", MalformedReason.UnsupportedVersion)]
    [InlineData("0001000300000000ffff", MalformedReason.UnsupportedVersion)]
    [InlineData("000300", MalformedReason.Truncated)]
    [InlineData("", MalformedReason.Truncated)]
    public void A_request_that_no_codec_knows_is_refused_by_its_header(string hex, MalformedReason reason)
    {
        Assert.Equal(reason, Assert.Throws<MalformedMessageException>(() =>
        {
            var reader = new KafkaReader(Convert.FromHexString(hex));
            RequestHeader.Read(ref reader);
        }).Reason);
    }

    [Fact]
    public void ApiVersions_of_a_version_yet_to_come_can_be_answered_in_version_0()
    {
        var reader = new KafkaReader(Convert.FromHexString("00120063000000050003616263" + "00" + "ffffff"));
        var header = RequestHeader.Read(ref reader);
        var answer = new ApiVersionsResponse
        {
            ErrorCode = ErrorCode.UnsupportedVersion,
            ApiKeys = [new() { ApiKey = (short)ApiKey.ApiVersions, MaxVersion = 4 }],
        };
        using var frame = OutgoingFrame.Response(header with { Version = 0 }, answer);
        Assert.Equal("000000100000000500230000000100120000" + "0004", Convert.ToHexStringLower(frame.ToArray()));
    }

    [Fact]
    public void The_header_of_an_ApiVersions_answer_never_has_tags()
    {
        var header = new RequestHeader(KafkaApi.Of(ApiKey.ApiVersions), 4, 1, "");
        using var frame = OutgoingFrame.Response(header, new ApiVersionsResponse());
        Assert.Equal("0000000c" + "00000001" + "0000" + "01" + "00000000" + "00", Convert.ToHexStringLower(frame.ToArray()));
    }
}

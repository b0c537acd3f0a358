using System.Buffers;
using System.Text;
using Loire.Cli.CommandLine;
using Loire.Cli.Consume.Formats;
using Loire.Cli.Failures;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Cli.Tests;

public class OutputFormatTests
{
    [Theory]
    [InlineData("%t %p %o %k=%s %K %S %T %h%%\\n", "t 3 0 key=value 3 5 1700000000000 a=1,b=NULL%\n")]
    [InlineData("\\x41\\t\\101\\\\", "A\tA\\")]
    [InlineData("%R", "\0\0\0\u0005")]
    [InlineData("é%k", "ékey")]
    public void Printf_tokens_and_escapes_are_those_of_kcat(string format, string expected) =>
        Assert.Equal(expected, Write(new PrintfFormat(format, showsNull: false), isNull: false));

    [Fact]
    public void Missing_keys_and_values_are_empty_or_NULL()
    {
        Assert.Equal("[][]-1 -1", Write(new PrintfFormat("[%k][%s]%K %S", showsNull: false), isNull: true));
        Assert.Equal("NULL:NULL\n", Write(new PlainFormat(":"u8.ToArray(), "\n"u8.ToArray(), showsNull: true), isNull: true));
        Assert.Equal("key:value;", Write(new PlainFormat(":"u8.ToArray(), ";"u8.ToArray(), showsNull: true), isNull: false));
    }

    [Fact]
    public void JSON_is_the_API_s_and_the_envelope_is_kcat_s()
    {
        const string Api = """{"partition":3,"offset":0,"timestamp":1700000000000,"key":"key","value":"value","headers":""";
        Assert.Equal(
            Api + """[{"name":"a","value":"1"},{"name":"b","value":null}]}""" + "\n",
            Write(new JsonOutputFormat(lines: true), isNull: false));
        const string Kcat = """{"topic":"t","partition":3,"offset":0,"tstype":"create","ts":1700000000000,"broker":0,"headers":""";
        Assert.Equal(
            Kcat + """["a","1","b",null],"key":"key","payload":"value"}""" + "\n",
            Write(new KcatJsonFormat(), isNull: false));
        Assert.Contains("\"key\":null,\"value\":null", Write(new JsonOutputFormat(lines: true), isNull: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_text_survive_JSON()
    {
        Assert.Contains("""{"type":"binary","data":"/wA="}""", Write(new JsonOutputFormat(lines: true), isNull: false, [0xff, 0]),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%x")]
    [InlineData("100%")]
    [InlineData("\\q")]
    [InlineData("\\")]
    [InlineData("\\xzz")]
    public void An_unknown_token_or_escape_is_rejected(string format) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => new PrintfFormat(format, false)).Exit);

    [Fact]
    public void Delimiters_accept_the_same_escapes() => Assert.Equal([0x01, (byte)'\n', 0xff], Escapes.Bytes("\\x01\\n\\377", "-D"));

    private static string Write(OutputFormat format, bool isNull, byte[]? value = null)
    {
        using var builder = new RecordBatchBuilder();
        RecordHeader[] headers = [new("a"u8.ToArray(), "1"u8.ToArray()), new("b"u8.ToArray(), default, ValueIsNull: true)];
        builder.Append(new Timestamp(1_700_000_000_000), "key"u8, isNull, value ?? "value"u8.ToArray(), isNull, headers);
        RecordBatch.TryRead(builder.Build().Span, out var batch);
        var reader = new RecordReader(batch, batch.Payload);
        Assert.True(reader.MoveNext());
        var to = new ArrayBufferWriter<byte>();
        format.Write(to, ShownRecord.Of("t", 3, reader.Current, TimestampType.CreateTime));
        return Encoding.UTF8.GetString(to.WrittenSpan);
    }
}

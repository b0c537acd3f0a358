using System.Buffers;
using System.Globalization;
using System.Text;
using Loire.Model.Batches;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Records.Fetch;

/// <summary>
/// One record as a response: the value is the body; offset, time, key and headers are response headers, the same that a raw produce
/// takes. A record header that HTTP cannot carry (a name that is no token, a value that is not printable ASCII) is left out; JSON shows
/// all.
/// </summary>
internal sealed class RawFormat(HttpResponse response) : RecordFormat
{
    private static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    private bool _hasValue;

    public override void Write(int partition, in Record record)
    {
        var headers = response.Headers;
        headers["Record-Offset"] = record.Offset.ToString();
        headers["Record-Timestamp"] = record.Timestamp.Milliseconds.ToString(CultureInfo.InvariantCulture);
        if (!record.KeyIsNull)
        {
            if (IsPrintable(record.Key))
            {
                headers["Record-Key"] = Encoding.ASCII.GetString(record.Key);
            }
            else
            {
                headers["Record-Key-Base64"] = Convert.ToBase64String(record.Key);
            }
        }

        foreach (var header in record.Headers)
        {
            if (header.Key.Length > 0 && !header.Key.ContainsAnyExcept(Token) && IsPrintable(header.Value))
            {
                headers.Append("Record-Header-" + Encoding.ASCII.GetString(header.Key), Encoding.ASCII.GetString(header.Value));
            }
        }

        _hasValue = !record.ValueIsNull;
        if (_hasValue)
        {
            response.ContentLength = record.Value.Length;
            response.BodyWriter.Write(record.Value);
        }
    }

    /// <summary>Ends the response: 204 if there was no record, or one without a value.</summary>
    public async Task FinishAsync(CancellationToken cancellation)
    {
        if (!_hasValue)
        {
            response.StatusCode = StatusCodes.Status204NoContent;
            response.ContentType = null;
            return;
        }

        await response.BodyWriter.FlushAsync(cancellation);
    }

    // White space at an end would be lost on the way.
    private static bool IsPrintable(ReadOnlySpan<byte> bytes) =>
        !bytes.ContainsAnyExceptInRange((byte)0x20, (byte)0x7e) && (bytes.IsEmpty || (bytes[0] != ' ' && bytes[^1] != ' '));
}

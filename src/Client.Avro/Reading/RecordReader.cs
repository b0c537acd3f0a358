namespace Loire.Client.Avro;

/// <summary>A record's reader: what refers to it may be made before its body is.</summary>
internal sealed class RecordReader<T>
{
    public ValueReader<T>? Body { get; set; }

    public T Read(ref AvroReader reader)
    {
        reader.Enter();
        var value = Body!(ref reader);
        reader.Leave();
        return value;
    }
}

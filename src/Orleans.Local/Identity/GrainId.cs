namespace Orleans.Runtime;

/// <summary>Identifies a grain: its type and its key.</summary>
public readonly record struct GrainId
{
    private GrainId(string type, string key) => (_type, _key) = (type, key);

    private readonly string _type;
    private readonly string _key;

    /// <summary>Makes an id from the text of its parts.</summary>
    public static GrainId Create(string grainType, string key) => new(grainType, key);

    /// <summary>The form <c>type/key</c>.</summary>
    public override string ToString() => $"{_type}/{_key}";
}

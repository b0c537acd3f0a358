namespace Loire.Model;

/// <summary>The type of the values of a setting, with the number that it has in Kafka's protocol.</summary>
[GenerateSerializer, Alias("loire.ConfigValueType")]
public enum ConfigValueType : byte
{
    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean = 1,

    /// <summary>One word of a fixed set.</summary>
    String = 2,

    /// <summary>An integer of 32 bits.</summary>
    Int = 3,

    /// <summary>An integer of 64 bits.</summary>
    Long = 5,

    /// <summary>A floating-point number.</summary>
    Double = 6,

    /// <summary>Any number of words, separated by commas.</summary>
    List = 7,
}

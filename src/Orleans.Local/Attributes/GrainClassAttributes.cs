using System.Globalization;
using Orleans.Runtime;

namespace Orleans;

/// <summary>Gives a grain class the name of its type, instead of one made from the name of the class.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class GrainTypeAttribute(string grainType) : Attribute
{
    private readonly GrainType _grainType = GrainType.Create(grainType);

    /// <summary>The type.</summary>
    public GrainType GetGrainType(IServiceProvider services, Type type) => _grainType;
}

/// <summary>How long an unused activation of the class is kept, instead of the configured time.</summary>
[AttributeUsage(AttributeTargets.Class)]
public class CollectionAgeLimitAttribute : Attribute
{
    /// <summary>The shortest limit.</summary>
    public static readonly TimeSpan MinAgeLimit = TimeSpan.FromMinutes(1);

    private readonly TimeSpan? _value;

    /// <summary>A limit given by the properties.</summary>
    public CollectionAgeLimitAttribute()
    {
    }

    /// <summary>A limit given as text, <c>"01:00:00"</c> for an hour.</summary>
    public CollectionAgeLimitAttribute(string inactivityPeriod) => _value = TimeSpan.Parse(inactivityPeriod, CultureInfo.InvariantCulture);

    /// <summary>Days to add.</summary>
    public double Days { get; set; }

    /// <summary>Hours to add.</summary>
    public double Hours { get; set; }

    /// <summary>Minutes to add.</summary>
    public double Minutes { get; set; }

    /// <summary>Whether activations are never collected.</summary>
    public bool AlwaysActive { get; set; }

    /// <summary>The limit.</summary>
    public TimeSpan AgeLimit
    {
        get
        {
            var limit = _value ?? TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes);
            return AlwaysActive ? TimeSpan.FromDays(short.MaxValue) : _value is null && limit < MinAgeLimit ? MinAgeLimit : limit;
        }
    }
}

/// <summary>Activations of the class are never collected as idle.</summary>
[AttributeUsage(AttributeTargets.Class)]
public class KeepAliveAttribute : Attribute;

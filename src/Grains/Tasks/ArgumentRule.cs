namespace SyncCluster.Tasks;

/// <summary>Whether the values of a call must fit the definitions of the task's arguments.</summary>
public enum ArgumentRule
{
    /// <summary>As at TheEye: there must be enough of them.</summary>
    Lenient = 0,

    /// <summary>A call that does not fit is refused.</summary>
    Strict = 1,
}

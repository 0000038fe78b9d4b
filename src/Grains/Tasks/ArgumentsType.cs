namespace SyncCluster.Tasks;

/// <summary>How argument values are formatted for the script (TheEye's <c>arguments_type</c>).</summary>
public enum ArgumentsType
{
    Legacy = 0,
    Json = 1,
    Text = 2,
}

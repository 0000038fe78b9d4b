namespace SyncCluster.Storage;

/// <summary>Whether the storage of jobs can be written to. What was not sent is known not to be stored; of what was sent without an answer nothing is.</summary>
internal interface IStorageConnection
{
    /// <summary>Whether a state of a grain would be sent to its storage now.</summary>
    /// <param name="grain">The grain.</param>
    /// <param name="stateName">The name of the state.</param>
    bool IsConnected(GrainId grain, string stateName);
}

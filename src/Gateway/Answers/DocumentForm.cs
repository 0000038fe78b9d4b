using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Answers;

/// <summary>How much of a job's document a caller may see.</summary>
internal enum DocumentForm
{
    /// <summary>All but the values of the task's environment.</summary>
    WithoutEnvironment = 0,

    /// <summary>All of it, byte for byte.</summary>
    Whole = 1,
}

internal static class DocumentForms
{
    public static byte[] DocumentIn(this FinishedJob job, DocumentForm form) =>
        form == DocumentForm.Whole ? job.Document : job.DocumentWithoutEnvironment;

    /// <summary>The document of a job that goes on.</summary>
    public static ReadOnlyMemory<byte> Of(this DocumentForm form, byte[] document) =>
        form == DocumentForm.Whole ? document : JobDocument.WithoutEnvironment(document);
}
